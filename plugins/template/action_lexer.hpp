// SPDX-License-Identifier: Apache-2.0
// The words between {{ and }}.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace loom::templates {

struct Token {
    enum class Kind : std::uint8_t { word, field, text, number, open, close, pipe };

    Kind kind = Kind::word;
    std::string text{};  ///< Of a field with its dot: `.Group.a`; of a text what it stands for.
    std::int64_t number = 0;
    bool follows_space = true;  ///< Or it touches the token before it.
};

/// The error says what to change.
[[nodiscard]] std::expected<std::vector<Token>, std::string> read_tokens(std::string_view action);

}  // namespace loom::templates
