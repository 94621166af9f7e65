// SPDX-License-Identifier: Apache-2.0
// Text with {{ }} in it, in the syntax of Go's text/template as far as records need it.
#pragma once

#include "term_parser.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace loom::templates {

/// Values, `if`, `else if`, `else`, `end`, comments, and {{- -}} that trim the text beside them. There
/// are no loops, so that what a template takes is bounded by its length.
class TextTemplate {
public:
    static constexpr std::size_t size_max = 10'000;  ///< Octets of its text.
    static constexpr unsigned depth_max = 16;        ///< Of `if`.
    /// What it becomes ends soon after this many octets, as a failure.
    static constexpr std::size_t expanded_max = 100'000;

    /// The error says what to change.
    [[nodiscard]] static std::expected<TextTemplate, std::string>
    compile(std::string_view text, const Names& names);

    /// Appends what it becomes; false where a value cannot be made.
    [[nodiscard]] bool expand(const Facts& facts, std::string& out) const;

    /// Whether it is the same for all queries; then sample() is what it becomes.
    bool is_constant() const { return is_constant_; }
    bool has_choices() const { return has_choices_; }
    /// What it becomes with `placeholder` in place of each value. Not for one with choices.
    std::string sample(std::string_view placeholder) const;

private:
    struct Piece {
        enum class Kind : std::uint8_t { text, value, choice };
        Kind kind = Kind::text;
        std::string text{};
        Term term{};
        std::vector<Piece> if_true{};
        std::vector<Piece> if_false{};
    };
    class Parser;

    static bool expand(const std::vector<Piece>& pieces, const Facts& facts, std::string& out);

    std::vector<Piece> pieces_;
    bool is_constant_ = true;
    bool has_choices_ = false;
};

}  // namespace loom::templates
