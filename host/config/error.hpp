// SPDX-License-Identifier: Apache-2.0
// What the host says when a configuration, a file or a command cannot be used.
#pragma once

#include "failure.hpp"

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace loom::host {

/// A message for the operator. It begins with the place (`dnsloom.toml:14:7: ...`), where there is
/// one, and says what to do. Several errors are several lines.
struct Error {
    std::string text;
    Failure failure = Failure::config;
};

template <class T>
using Result = std::expected<T, Error>;

/// One Error with a line for each of `errors`, and the failure of the first.
[[nodiscard]] Error join(std::span<const Error> errors);

inline constexpr std::size_t shown_size_max = 80;

/// Foreign text made fit for a line of a message: control characters and octets that are no UTF-8
/// as `\xHH`, at most `size_max` octets of it.
[[nodiscard]] std::string printable(std::string_view text, std::size_t size_max = shown_size_max);

/// The same in double quotes. The overloads keep argument-dependent lookup from std::quoted.
[[nodiscard]] std::string quoted(std::string_view text);
[[nodiscard]] std::string quoted(const std::string& text);
[[nodiscard]] std::string quoted(const char* text);

}  // namespace loom::host
