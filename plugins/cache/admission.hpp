// SPDX-License-Identifier: Apache-2.0
// Which responses may be kept, and for how long.
#pragma once

#include "layout.hpp"

#include <dnsloom/dns/message.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

namespace loom::cache {

/// Bounds of TTLs, in seconds; see README.md.
struct Limits {
    std::uint32_t min_ttl = 0;
    std::uint32_t max_ttl = 3600;
    std::uint32_t negative_max_ttl = 1800;
    std::uint32_t servfail_ttl = 5;  ///< 0: SERVFAIL is not kept.
};

/// The TTL of an answer that is neither an answer nor a denial: a referral, an empty message.
inline constexpr std::uint32_t fallback_ttl = 5;

/// With the top bit set, a TTL is to be taken for 0 (RFC 2181 section 8).
constexpr std::uint32_t sane_ttl(std::uint32_t ttl) { return ttl > 0x7FFFFFFFU ? 0 : ttl; }

/// Why a response is not kept.
enum class Refusal : std::uint8_t {
    malformed,   ///< It is no message, or not a response to this question.
    not_stored,  ///< It is one that no cache should keep, or not for longer than no time.
};

/// What was found in a message. As large as a message can make it, so it is made once and used
/// again.
struct Survey {
    /// A record has at least 11 octets.
    static constexpr std::size_t records_max = dns::message_size_max / 11;

    Kind kind = Kind::success;
    std::uint32_t ttl = 0;         ///< Of the entry, never 0.
    std::uint32_t record_low = 0;  ///< The TTLs of the records are to be put between these two.
    std::uint32_t record_high = 0;
    std::size_t size = 0;  ///< Octets of the message that are kept.
    std::size_t ttl_count = 0;
    std::array<std::uint16_t, records_max> ttl_offsets;
    /// Where the TTL of the SOA record of a denial stands (0: there is none) and what it is to be.
    std::uint16_t soa_ttl_offset = 0;
    std::uint32_t soa_ttl = 0;
};

/// Looks through a response in wire form to a question for `qname` (lower case) and `qtype` in
/// class IN. `rcode` has all its bits; `now_s` is the wall clock, for the validity of signatures.
[[nodiscard]] std::expected<void, Refusal> survey(
    std::span<const std::uint8_t> message,
    std::span<const std::uint8_t> qname,
    std::uint16_t qtype,
    std::uint16_t rcode,
    std::uint64_t now_s,
    const Limits& limits,
    Survey& found);

}  // namespace loom::cache
