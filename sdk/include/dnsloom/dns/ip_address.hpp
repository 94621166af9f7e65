// SPDX-License-Identifier: Apache-2.0
// An IP address as two integers: comparing and masking it costs an instruction or two.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace loom::dns {

inline constexpr unsigned address_bits = 128;
inline constexpr unsigned mapped_bits = 96;  ///< What an IPv4 address has in front of it.

/// IPv4 is v4-mapped, as everywhere in the ABI (RFC 4291 section 2.5.5.2).
struct IpAddress {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    /// `octets` has 4 or 16.
    static IpAddress read(const std::uint8_t* octets, std::size_t size) {
        if (size == 4) {
            std::uint32_t four = 0;
            std::memcpy(&four, octets, sizeof four);
            return {0, 0xFFFF'0000'0000U | std::uint64_t{__builtin_bswap32(four)}};
        }
        std::uint64_t halves[2];
        std::memcpy(halves, octets, sizeof halves);
        return {__builtin_bswap64(halves[0]), __builtin_bswap64(halves[1])};
    }
    /// loom_address::ip.
    static IpAddress of(const std::uint8_t (&octets)[16]) { return read(octets, 16); }

    std::array<std::uint8_t, 16> octets() const {
        std::array<std::uint8_t, 16> out;
        const std::uint64_t halves[2] = {__builtin_bswap64(high), __builtin_bswap64(low)};
        std::memcpy(out.data(), halves, sizeof halves);
        return out;
    }
    bool is_ipv4() const { return high == 0 && low >> 32U == 0xFFFFU; }

    /// The first address of the network with `prefix` bits, 0..128.
    IpAddress masked(unsigned prefix) const {
        const auto keep = [](unsigned bits) {
            return bits == 0 ? 0 : ~std::uint64_t{0} << (64 - bits);
        };
        if (prefix >= 64) return {high, low & keep(prefix - 64)};
        return {high & keep(prefix), 0};
    }
    /// The last one.
    IpAddress filled(unsigned prefix) const {
        const IpAddress mask = IpAddress{~std::uint64_t{0}, ~std::uint64_t{0}}.masked(prefix);
        return {high | ~mask.high, low | ~mask.low};
    }

    friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};
static_assert(std::endian::native == std::endian::little);

}  // namespace loom::dns
