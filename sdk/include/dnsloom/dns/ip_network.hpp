// SPDX-License-Identifier: Apache-2.0
// Networks as they are written, and which of many an address is in.
#pragma once

#include <dnsloom/dns/ip_address.hpp>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace loom::dns {

/// The addresses from the first to the last.
struct IpNetwork {
    IpAddress first;
    IpAddress last;
    unsigned prefix = 0;  ///< Bits, of the 128 of an IPv4 address as well.

    bool contains(const IpAddress& address) const { return first <= address && address <= last; }
};

/// `192.0.2.0/24`, `2001:db8::/32`, or an address alone. The error is a sentence that says what to
/// change.
[[nodiscard]] std::expected<IpNetwork, std::string> parse_network(std::string_view text);

/// The same for an address without a prefix.
[[nodiscard]] std::expected<IpAddress, std::string> parse_address(std::string_view text);

/// `192.0.2.1`, or `2001:db8::1`.
[[nodiscard]] std::string to_text(const IpAddress& address);
/// The network of an address: `192.0.2.0/24`. `prefix` is of the 128 bits.
[[nodiscard]] std::string to_text(const IpAddress& address, unsigned prefix);

/// Many networks in an order. A look-up takes as long as a binary search in twice as many addresses,
/// however they overlap.
class NetworkRanks {
public:
    static constexpr std::uint32_t none = UINT32_MAX;

    NetworkRanks() = default;
    /// The rank of a network is its place in the list.
    explicit NetworkRanks(const std::vector<IpNetwork>& networks);

    /// The smallest rank of those that the address is in.
    std::uint32_t rank(const IpAddress& address) const;
    bool contains(const IpAddress& address) const { return rank(address) != none; }
    bool empty() const { return spans_.empty(); }

private:
    /// Holds from `first` on, up to the next one.
    struct Span {
        IpAddress first;
        std::uint32_t rank;
    };
    std::vector<Span> spans_;
};

}  // namespace loom::dns
