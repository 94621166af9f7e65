// SPDX-License-Identifier: Apache-2.0
// TTLs with units, and the timestamps of signatures.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace loom::dns {

/// The greatest TTL (RFC 2181 section 8).
inline constexpr std::uint32_t ttl_max = 0x7FFF'FFFF;

/// Seconds, or numbers with the units s, m, h, d and w in either case, as in `1h30m`. Nothing when
/// the text is neither, or the sum is over `ttl_max`.
[[nodiscard]] std::optional<std::uint32_t> parse_ttl(std::string_view text);

/// YYYYMMDDHHmmSS in UTC, or up to ten digits of seconds since 1970 (RFC 4034 section 3.2).
[[nodiscard]] std::optional<std::uint32_t> parse_timestamp(std::string_view text);

/// Appends YYYYMMDDHHmmSS.
void append_timestamp(std::uint32_t seconds, std::string& out);

}  // namespace loom::dns
