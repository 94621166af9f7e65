// SPDX-License-Identifier: Apache-2.0
// Where an upstream listens.
#pragma once

#include <dnsloom/abi/query.h>

#include <sys/socket.h>

#include <string>

namespace loom::forward {

struct Endpoint {
    loom_address address{};
    std::string text;  ///< `192.0.2.1:53`, `[2001:db8::1]:53`: for labels, logs and error texts.
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
[[nodiscard]] int open_connected(const loom_address& address, int type);

/// `Connection refused` and the like.
[[nodiscard]] std::string describe_errno(int error);

}  // namespace loom::forward
