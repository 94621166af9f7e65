// SPDX-License-Identifier: Apache-2.0
// Addresses with ports, and what a server listens on, between text and structs.
#pragma once

#include <dnsloom/abi/query.h>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace loom::host {

inline constexpr std::uint16_t dns_port = 53;

/// Reads `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1`, `[2001:db8::1]:53`, `[fe80::1%eth0]:53`.
/// Without a port it is 0. The error is a sentence part with what would be right.
[[nodiscard]] std::expected<loom_address, std::string> parse_endpoint(std::string_view text);

/// `192.0.2.1:53`, `[2001:db8::1]:53`; without the port (and brackets) if that is 0.
[[nodiscard]] std::string to_string(const loom_address& address);

/// The same with the port, even if that is 0.
[[nodiscard]] std::string to_string_with_port(const loom_address& address);

/// What a listener speaks.
enum class Scheme : std::uint8_t {
    dns,  ///< Over UDP and over TCP.
    udp,  ///< Over UDP only.
    tcp,  ///< Over TCP only.
};

[[nodiscard]] std::string_view to_string(Scheme scheme);

struct Listen {
    Scheme scheme = Scheme::dns;
    /// Port 0: any that is free; UDP and TCP of one Listen take the same.
    loom_address address{};
    /// One of the two that a text without an address, such as `:53`, stands for: 0.0.0.0 and ::.
    /// That the machine has no such family is no error then. `::` takes IPv6 only in any case.
    bool any_family = false;

    bool has_udp() const { return scheme != Scheme::tcp; }
    bool has_tcp() const { return scheme != Scheme::udp; }
};

bool operator==(const Listen& a, const Listen& b);

/// `dns://127.0.0.1:53`
[[nodiscard]] std::string to_string(const Listen& listen);

/// Reads `dns://127.0.0.1:1053`, `udp://[::1]:53`, `tcp://192.0.2.1`, `127.0.0.1:1053`, `::1`,
/// `:53`, `dns://:53`. The scheme is dns and the port 53 where it is not given.
[[nodiscard]] std::expected<std::vector<Listen>, std::string> parse_listen(std::string_view text);

}  // namespace loom::host
