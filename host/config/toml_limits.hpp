// SPDX-License-Identifier: Apache-2.0
// What a TOML text may not be before it is parsed: the parser recurses, and the stack is finite;
// and toml++ 3.3 takes some things for granted that it should refuse.
#pragma once

#include "error.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace loom::host {

inline constexpr std::size_t toml_size_max = std::size_t{16} << 20;  ///< Octets.
inline constexpr std::size_t toml_nesting_max = 32;    ///< Of arrays and inline tables.
inline constexpr std::size_t toml_key_parts_max = 16;  ///< Of a dotted key or table header.

/// Refuses a text that is over a limit, whose brackets do not match, or that has a table header
/// without a key, a date cut off behind its T or, outside strings and comments, anything but
/// printable ASCII. The error begins with its place.
[[nodiscard]] Result<void>
check_limits(std::string_view text, const std::shared_ptr<const std::string>& file);

}  // namespace loom::host
