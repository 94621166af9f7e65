// SPDX-License-Identifier: Apache-2.0
// The words of an expression, with their places.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace loom::views {

struct Token {
    enum class Kind : std::uint8_t {
        word,  ///< A name or an operator such as `in`.
        text,  ///< A literal: `text` is what it stands for.
        number,
        symbol,  ///< `==`, `(` and the like.
        end
    };

    Kind kind = Kind::end;
    std::string text{};
    std::int64_t number = 0;
    std::size_t column = 0;  ///< From 1 on, in octets.
};

/// What is wrong with an expression, and where.
struct ExpressionError {
    std::size_t column = 0;
    std::string text{};

    std::string to_string() const { return "column " + std::to_string(column) + ": " + text; }
};

/// The last token is always `end`.
[[nodiscard]] std::expected<std::vector<Token>, ExpressionError> read_tokens(std::string_view text);

}  // namespace loom::views
