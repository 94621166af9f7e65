// SPDX-License-Identifier: Apache-2.0
// What a regular expression's match is replaced with: text with {0}, {1} ... for its groups.
#pragma once

#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loom::rewrite {

class Replacement {
public:
    /// Groups that can be named: the whole match and nine more.
    static constexpr std::size_t groups_max = 10;

    /// The error says what to change. `groups`: how many the expression has, the whole match
    /// included.
    [[nodiscard]] static std::expected<Replacement, std::string>
    parse(std::string_view text, std::size_t groups);

    /// Appends the text with the groups put in.
    void append_to(std::string& out, std::span<const std::string_view> groups) const;

private:
    struct Piece {
        std::string text;
        int group = -1;  ///< -1: `text` itself.
    };
    std::vector<Piece> pieces_;
};

}  // namespace loom::rewrite
