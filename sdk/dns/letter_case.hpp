// SPDX-License-Identifier: Apache-2.0
// Octets compared without regard to the case of ASCII letters (RFC 4343), eight at a time. Fit for
// whole names in wire form as well: a length octet is at most 63, and so no letter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace loom::dns {

constexpr std::uint8_t lower_octet(std::uint8_t octet) {
    return octet >= 'A' && octet <= 'Z' ? static_cast<std::uint8_t>(octet | 0x20U) : octet;
}

/// Lower-cases eight octets at once: adds to each octet's low seven bits so that the high bit tells
/// whether it is from `A` on, and whether it is beyond `Z`. No sum carries into the next octet.
constexpr std::uint64_t lower_word(std::uint64_t word) {
    constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
    constexpr std::uint64_t high_bits = 0x80 * ones;
    const std::uint64_t low_bits = word & ~high_bits;
    const std::uint64_t from_a = low_bits + (0x80 - 'A') * ones;
    const std::uint64_t beyond_z = low_bits + (0x7F - 'Z') * ones;
    const std::uint64_t upper = (from_a ^ beyond_z) & ~word & high_bits;
    return word | upper >> 2U;
}

inline std::uint64_t load_word(const std::uint8_t* at) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

/// Less than eight octets, in an order that depends on `size` only.
inline std::uint64_t load_short(const std::uint8_t* at, std::size_t size) {
    if (size >= 4) {
        std::uint32_t front;
        std::uint32_t back;
        std::memcpy(&front, at, sizeof front);
        std::memcpy(&back, at + size - sizeof back, sizeof back);
        return std::uint64_t{front} << 32U | back;
    }
    if (size == 0) return 0;
    return std::uint64_t{at[0]} << 16U | std::uint64_t{at[size / 2]} << 8U | at[size - 1];
}

inline bool equal_in_either_case(const std::uint8_t* a, const std::uint8_t* b, std::size_t size) {
    for (; size >= 8; size -= 8, a += 8, b += 8) {
        if (lower_word(load_word(a)) != lower_word(load_word(b))) return false;
    }
    return lower_word(load_short(a, size)) == lower_word(load_short(b, size));
}

}  // namespace loom::dns
