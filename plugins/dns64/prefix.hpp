// SPDX-License-Identifier: Apache-2.0
// IPv4 addresses inside IPv6 addresses (RFC 6052 section 2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace loom::dns64 {

using Ipv4 = std::array<std::uint8_t, 4>;
using Ipv6 = std::array<std::uint8_t, 16>;

/// Where the translator takes IPv4 addresses from.
class Prefix {
public:
    /// `64:ff9b::/96`; 32, 40, 48, 56, 64 or 96 bits. The error says what to change.
    [[nodiscard]] static std::expected<Prefix, std::string> parse(std::string_view text);

    /// Bits 64 to 71 and those behind the IPv4 address are 0.
    [[nodiscard]] Ipv6 embed(std::span<const std::uint8_t, 4> address) const;
    /// Nothing if the address is not one that embed() makes, but for what is behind the IPv4 address:
    /// that is for extensions.
    [[nodiscard]] std::optional<Ipv4> extract(const Ipv6& address) const;

private:
    Ipv6 octets_{};
    std::size_t size_ = 0;  ///< Octets of the prefix.
};

/// The address of a name like `b.a.9.8.7...ip6.arpa` (RFC 3596 section 2.5), in wire form and lower
/// case. Nothing if it has more or fewer labels, or others.
[[nodiscard]] std::optional<Ipv6> read_ip6_arpa(std::span<const std::uint8_t> name);

/// `1.2.0.192.in-addr.arpa` in wire form (RFC 1035 section 3.5).
struct InAddrArpa {
    explicit InAddrArpa(const Ipv4& address);
    std::span<const std::uint8_t> octets() const { return {data.data(), size}; }

    std::array<std::uint8_t, 32> data{};
    std::size_t size = 0;
};

}  // namespace loom::dns64
