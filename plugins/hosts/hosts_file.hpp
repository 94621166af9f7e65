// SPDX-License-Identifier: Apache-2.0
// The format of /etc/hosts: an address and its names on a line, `#` begins a comment (hosts(5)).
#pragma once

#include <dnsloom/dns/name.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace loom::hosts {

/// An IPv4 address has 4 octets, an IPv6 address 16.
struct HostAddress {
    std::array<std::uint8_t, 16> octets{};
    std::uint8_t size = 4;

    std::span<const std::uint8_t> view() const { return std::span{octets}.first(size); }
    /// `1.2.0.192.in-addr.arpa.` (RFC 1035 section 3.5) or a name in `ip6.arpa.` (RFC 3596).
    dns::Name reverse_name() const;
    bool operator==(const HostAddress&) const = default;
};

/// Called for each name of each line, in their order. The name is in lower case; its first label
/// may be `*`.
using HostSink = std::function<void(const HostAddress&, const dns::Name&)>;

/// One line without its end. Otherwise a sentence that says what to change.
[[nodiscard]] std::expected<void, std::string>
scan_host_line(std::string_view line, const HostSink& sink);

/// A whole text; stops at the first mistake: `FILE:LINE: ...`.
[[nodiscard]] std::expected<void, std::string>
scan_hosts(std::string_view text, std::string_view file, const HostSink& sink);

}  // namespace loom::hosts
