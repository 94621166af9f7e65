// SPDX-License-Identifier: Apache-2.0
// What lies in a region: a header, an index of buckets, and a log of entries. Nothing in it is a
// pointer, so another build of the plugin can go on with it as long as `layout_version` is the same.
#pragma once

#include "changes.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace loom::cache {

/// Raise it with every change of the structs in this file, of ChangeTable, or of how a key is
/// hashed.
inline constexpr std::uint32_t layout_version = 3;
inline constexpr std::uint64_t region_magic = 0x65686361636d6f6fU;  // "oomcache"

/// Entries begin at multiples of this.
inline constexpr std::size_t log_unit = 16;

/// What an entry says.
enum class Kind : std::uint8_t {
    success,
    denial,   ///< NXDOMAIN, or the name has no records of the type (RFC 2308).
    failure,  ///< SERVFAIL.
    scopes,   ///< No answer: see ScopeList.
};

/// Bits of a query that the answer depends on.
/// Those with a client subnet are of a world of their own.
enum : std::uint8_t { key_do = 1, key_cd = 2, key_rd = 4, key_subnet = 8 };

/// What is asked. `name` is in wire form and lower case; the class is always IN.
struct Key {
    std::uint64_t hash = 0;
    std::span<const std::uint8_t> name;
    std::uint16_t type = 0;
    std::uint8_t bits = 0;  ///< key_*
};

/// The hash of a key whose name has the hash `name_hash`. That one is keyed with the process's
/// secret and spreads evenly, so all that is left to do is to part the types.
constexpr std::uint64_t key_hash(std::uint64_t name_hash, std::uint16_t type, std::uint8_t bits) {
    return name_hash ^ (std::uint64_t{type} << 4U | bits) * 0x9E3779B97F4A7C15U;
}

/// An answer in the log. Behind it follow the message, `ttl_count` offsets of TTL fields in the
/// message, and `options_size` octets of EDNS options.
struct alignas(log_unit) Entry {
    std::uint64_t hash;       ///< Of the key.
    std::uint64_t stored_ns;  ///< Monotonic.
    std::uint32_t ttl;        ///< Seconds.
    std::uint16_t units;      ///< Its size in the log, in log_units.
    std::uint16_t message_size;
    std::uint16_t ttl_count;
    std::uint16_t options_size;
    std::uint8_t key_bits;
    Kind kind;
    std::uint8_t hit;  ///< 1 if it was served since it was put where it is.

    std::size_t size() const { return std::size_t{units} * log_unit; }

    const std::uint8_t* message() const {
        return reinterpret_cast<const std::uint8_t*>(this) + sizeof *this;
    }
    std::uint8_t* message() { return reinterpret_cast<std::uint8_t*>(this) + sizeof *this; }

    const std::uint16_t* ttl_offsets() const {
        return reinterpret_cast<const std::uint16_t*>(message() + even(message_size));
    }
    std::uint16_t* ttl_offsets() {
        return reinterpret_cast<std::uint16_t*>(message() + even(message_size));
    }
    const std::uint8_t* options() const {
        return reinterpret_cast<const std::uint8_t*>(ttl_offsets() + ttl_count);
    }
    std::uint8_t* options() { return reinterpret_cast<std::uint8_t*>(ttl_offsets() + ttl_count); }

    /// Whole seconds since it was stored; 0 if a clock went back.
    std::uint32_t age(std::uint64_t now_ns) const {
        if (now_ns <= stored_ns) return 0;
        return static_cast<std::uint32_t>((now_ns - stored_ns) / 1'000'000'000U);
    }
    bool is_fresh(std::uint64_t now_ns) const { return age(now_ns) < ttl; }

    /// The octets of an entry in the log.
    static constexpr std::size_t
    size_for(std::size_t message, std::size_t ttls, std::size_t options) {
        const std::size_t all = sizeof(Entry) + even(message) + 2 * ttls + options;
        return (all + log_unit - 1) / log_unit * log_unit;
    }

private:
    static constexpr std::size_t even(std::size_t size) { return (size + 1) & ~std::size_t{1}; }
};
static_assert(sizeof(Entry) == 32);

/// The part of a hash that the index keeps. Its low bits choose the pair of buckets, so the index can
/// grow without looking at the entries.
constexpr std::uint32_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 32U);
}

/// One cache line of the index. Where an entry stands is told in log_units from the region's start;
/// 0 is a free place.
struct alignas(64) Bucket {
    static constexpr std::size_t places = 8;

    std::array<std::uint32_t, places> tags;
    std::array<std::uint32_t, places> positions;
};
static_assert(sizeof(Bucket) == 64);

/// Processors fetch the two lines together.
using BucketPair = std::array<Bucket, 2>;

/// The beginning of a region; its alignment is that of a pair of buckets. All but the first line
/// belongs to the worker. Offsets count octets from the region's start.
struct alignas(128) RegionHeader {
    std::uint64_t magic;
    std::uint64_t size;   ///< Of the whole region.
    std::uint64_t nonce;  ///< Random: tells this region from anything else at its address.
    std::uint32_t layout;
    std::atomic<std::uint32_t> references;

    alignas(64) std::uint64_t valid_from_ns;  ///< What was stored before is no longer served.
    std::uint64_t log_begin;
    std::uint64_t log_end;
    std::uint64_t head;       ///< Where the next entry goes.
    std::uint64_t tail;       ///< The oldest entry.
    std::uint64_t wrap_at;    ///< Where the log continues at log_begin; only while head <= tail.
    std::uint32_t pairs;      ///< Of buckets that are in use.
    std::uint32_t pairs_max;  ///< A power of two.
    std::uint32_t pair_mask;  ///< std::bit_ceil(pairs) - 1
    std::uint32_t records;    ///< Entries in the log, those that the index has forgotten included.
    std::uint32_t entries;    ///< Entries in the index.
    std::uint32_t ttl_max;    ///< The largest TTL that was ever stored.

    alignas(64) ChangeTable changes;
};

}  // namespace loom::cache
