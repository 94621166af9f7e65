// SPDX-License-Identifier: Apache-2.0
// Numbers and truth values out of configuration values, from the environment, too.
#pragma once

#include "value.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace loom::host {

/// The value as an integer; a string counts if a variable was expanded in it and it is all digits.
[[nodiscard]] std::optional<std::int64_t> integer_of(const Value& value);

/// Likewise a finite number; an integer counts.
[[nodiscard]] std::optional<double> real_of(const Value& value);

/// Likewise `true` or `false`.
[[nodiscard]] std::optional<bool> boolean_of(const Value& value);

/// What a value is, for messages: its kind, or its text if that came from the environment.
[[nodiscard]] std::string describe(const Value& value);

}  // namespace loom::host
