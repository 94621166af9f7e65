// SPDX-License-Identifier: Apache-2.0
// The keyed hash behind loom_query.suffix_hash and loom_host.hash_name.
#pragma once

#include <dnsloom/dns/name.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

namespace loom::host {

/// The process's secret: without it a client could choose names that collide in every table.
struct HashKey {
    std::uint64_t seed = 0;
    std::uint64_t factor = 0;  ///< Odd.

    /// From getrandom(2).
    static HashKey random();
};

/// Reads eight octets; the caller knows that they are there.
inline std::uint64_t load_u64(const std::uint8_t* at) {
    std::uint64_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

/// Lower-cases the ASCII letters among eight octets at once. Length octets are below 64 and so are
/// no letters: a whole name in wire form can be folded.
inline std::uint64_t fold_case(std::uint64_t octets) {
    constexpr std::uint64_t ones = 0x0101010101010101U;
    const std::uint64_t low = octets & (0x7F * ones);
    const std::uint64_t above_z = low + (0x7F - 'Z') * ones;
    const std::uint64_t from_a = low + (0x80 - 'A') * ones;
    const std::uint64_t upper = (from_a ^ above_z) & ~octets & (0x80 * ones);
    return octets | upper >> 2U;
}

__extension__ using Wide = unsigned __int128;

/// Octets that the functions below may read (never use) beyond the end of a name.
inline constexpr std::size_t name_slack = 16;

/// The hash of the name that begins with `label` (its length octet first, in any case) in front of
/// a suffix whose hash is `suffix`. Seven octets behind the label must be readable.
inline std::uint64_t
hash_label(const HashKey& key, std::uint64_t suffix, const std::uint8_t* label) {
    std::size_t left = std::size_t{1} + label[0];
    std::uint64_t hash = suffix;
    const auto mix = [&](std::uint64_t octets) {
        const auto product = static_cast<Wide>(hash ^ octets ^ key.seed) * key.factor;
        hash = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
    };
    while (left >= 8) {
        mix(fold_case(load_u64(label)));
        label += 8;
        left -= 8;
    }
    if (left != 0)
        mix(fold_case(load_u64(label) & (~std::uint64_t{0} >> (64 - 8 * left))));
    // One multiplication alone leaves patterns of equal labels in the low bits.
    return hash + (hash << 21U ^ hash >> 33U);
}

/// The hash of the root.
inline std::uint64_t hash_root(const HashKey& key) { return key.seed ^ key.factor; }

/// The hash of `name` in any case.
std::uint64_t hash_name(const HashKey& key, dns::NameView name);

/// A name taken apart as loom_query has it.
class HashedName {
public:
    std::array<std::uint8_t, dns::name_size_max + name_slack> octets;  ///< As received.
    std::array<std::uint8_t, dns::name_size_max + name_slack> lower;
    std::array<std::uint8_t, dns::labels_max + 1> label_offset;
    std::array<std::uint64_t, dns::labels_max + 1> suffix_hash;
    std::uint8_t size = 0;
    std::uint8_t label_count = 0;

    /// Takes the uncompressed name at the front of `wire` and returns true, or finds it malformed.
    /// `readable` octets from there on may be read: name_slack more than the name make it faster.
    bool assign(const HashKey& key, std::span<const std::uint8_t> wire, std::size_t readable);
    bool assign(const HashKey& key, std::span<const std::uint8_t> wire) {
        return assign(key, wire, wire.size());
    }

private:
    void take(const HashKey& key, const std::uint8_t* source);
};

}  // namespace loom::host
