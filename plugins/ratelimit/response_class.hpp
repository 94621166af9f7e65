// SPDX-License-Identifier: Apache-2.0
// Which responses are alike, so that they have one limit together.
#pragma once

#include <dnsloom/abi/query.h>
#include <dnsloom/host.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace loom::ratelimit {

enum class ResponseClass : std::uint8_t { answer, nodata, nxdomain, referral, error, request };
inline constexpr std::size_t class_count = 6;
inline constexpr std::array<std::string_view, class_count> class_names{
    "answer", "nodata", "nxdomain", "referral", "error", "request"};

/// A class, and the hash of the name that its responses have in common: of answers their own, of
/// denials and referrals the zone's, however many names below it are asked for, of errors none.
struct Likeness {
    ResponseClass kind = ResponseClass::error;
    std::uint64_t name = 0;
};

/// `message` is the response, as loom.response/1 gives it; it may be malformed.
[[nodiscard]] Likeness
likeness(const Host& host, const loom_query& query, std::uint16_t rcode, Bytes message);

}  // namespace loom::ratelimit
