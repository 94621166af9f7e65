// SPDX-License-Identifier: Apache-2.0
// Durations and sizes as they are written in a configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace loom::host {

/// Reads `1h30m`, `250ms`, `0`: whole numbers with the units ns, us, ms, s, m, h, d, w. The error
/// is a sentence part with what would be right.
[[nodiscard]] std::expected<std::chrono::nanoseconds, std::string>
parse_duration(std::string_view text);

/// `1h30m`: what parse_duration() reads.
[[nodiscard]] std::string format_duration(std::chrono::nanoseconds duration);

/// Reads `64MiB`, `10kB`, `512`: octets.
[[nodiscard]] std::expected<std::int64_t, std::string> parse_size(std::string_view text);

/// `64MiB`: with the largest binary unit that gives a whole number.
[[nodiscard]] std::string format_size(std::int64_t octets);

}  // namespace loom::host
