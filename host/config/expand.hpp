// SPDX-License-Identifier: Apache-2.0
// `${VAR}` in the strings of a configuration.
#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace loom::host {

inline constexpr std::size_t expanded_size_max = 65536;

using VariableLookup = std::function<std::optional<std::string>(const std::string& name)>;

/// Replaces `${VAR}` by the variable and `${VAR:-text}` by it or, if it is unset or empty, by
/// `text`; `$${` gives `${`. Any other `$` stays. What comes in is not expanded again. The error is
/// a sentence with what would be right.
[[nodiscard]] std::expected<std::string, std::string>
expand_variables(std::string_view text, const VariableLookup& lookup);

}  // namespace loom::host
