// SPDX-License-Identifier: Apache-2.0
// Where an upstream listens.
#pragma once

#include <dnsloom/abi/query.h>

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace loom::forward {

enum class Transport : std::uint8_t {
    plain,  ///< UDP, and TCP where that does not do.
    tls,    ///< RFC 7858.
    https,  ///< RFC 8484 over HTTP/2.
};

struct Endpoint {
    loom_address address{};
    /// `192.0.2.1:53`, `tls://[2001:db8::1]:853`: for labels, logs and error texts.
    std::string text;
    Transport transport = Transport::plain;
    std::string server_name{};  ///< What its certificate names; empty: its address.
    std::string path{};         ///< Of an HTTPS URL, with its first slash.
    std::string host{};         ///< A name to look up for the address; empty: `address` is known.

    loom_address source{};  ///< What it is asked from; family 0: what the system chooses.

    bool is_dynamic = false;  ///< `address` comes and changes at run time; not its port.

    bool is_encrypted() const { return transport != Transport::plain; }
};

/// Port 0 becomes 53.
[[nodiscard]] Endpoint make_endpoint(const loom_address& address);

/// The same for the system's calls.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    explicit SocketAddress(const loom_address& address);
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// Opens a non-blocking socket of `type` (SOCK_DGRAM, SOCK_STREAM) and connects it, or begins to.
/// A negative errno on failure. The caller closes the descriptor.
[[nodiscard]] int open_connected(const Endpoint& endpoint, int type);

/// 0, or the errno of a socket that cannot send from `address`.
[[nodiscard]] int try_source(const loom_address& address);

/// `Connection refused` and the like.
[[nodiscard]] std::string describe_errno(int error);

}  // namespace loom::forward
