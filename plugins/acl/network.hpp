// SPDX-License-Identifier: Apache-2.0
// Networks: addresses that begin with the same bits.
#pragma once

#include <dnsloom/abi/query.h>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace loom::acl {

/// An address from its first bit on: an IPv4 address has 32 bits, the others are 0.
struct AddressBits {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    /// The next `count` bits, 1..63. Behind the last one there are zeros.
    std::uint32_t take(unsigned count) {
        const auto bits = static_cast<std::uint32_t>(high >> (64U - count));
        high = high << count | low >> (64U - count);
        low <<= count;
        return bits;
    }
};

/// IPv4 addresses and others are different worlds; a v4-mapped address (RFC 4291 section 2.5.5.2)
/// is an IPv4 address.
enum class Family : std::uint8_t { ipv4, ipv6 };

struct Address {
    Family family = Family::ipv4;
    AddressBits bits;

    static Address of(const loom_address& address);
};

/// `192.0.2.0/24`, `2001:db8::/32`; an address alone is a network of one. Bits behind the prefix
/// are cleared.
struct Network {
    Family family = Family::ipv4;
    AddressBits bits;
    std::uint8_t length = 0;  ///< Bits of the prefix.

    /// Otherwise a sentence that says what is wrong and what to write.
    [[nodiscard]] static std::expected<Network, std::string> parse(std::string_view text);
};

}  // namespace loom::acl
