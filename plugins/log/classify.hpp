// SPDX-License-Identifier: Apache-2.0
// What kind of answer a response is: what the option `class` chooses by.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace loom::log {

enum class ResponseClass : std::uint8_t {
    success = 1,  ///< NOERROR with an answer, a referral, or nothing at all.
    denial = 2,   ///< NXDOMAIN, or NOERROR with a SOA record instead of an answer (RFC 2308).
    error = 4,    ///< Every other rcode, and what cannot be read.
};

/// All of them, as a set.
inline constexpr std::uint8_t every_class = 7;

[[nodiscard]] constexpr std::uint8_t to_set(ResponseClass c) {
    return static_cast<std::uint8_t>(c);
}

/// `message` is a whole response; `rcode` has all 12 bits.
[[nodiscard]] ResponseClass classify(std::span<const std::uint8_t> message, std::uint16_t rcode);

/// `success`, `denial` or `error`.
[[nodiscard]] std::string_view class_name(ResponseClass c);

/// What CoreDNS calls a response of this class: NOERROR, DELEGATION, NODATA, NXDOMAIN, SERVERERROR or
/// OTHERERROR.
[[nodiscard]] std::string_view
type_name(ResponseClass c, std::span<const std::uint8_t> message, std::uint16_t rcode);

/// The set that a word of the option `class` stands for.
[[nodiscard]] std::uint8_t class_set(std::string_view word);

}  // namespace loom::log
