// SPDX-License-Identifier: Apache-2.0
// The regular expressions of a template: the first that matches a name gives its groups.
#pragma once

#include <array>
#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace loom::templates {

/// Points into the name that was matched and into the Matcher.
struct Match {
    static constexpr std::size_t groups_max = 32;  ///< The whole match included.

    std::array<std::string_view, groups_max> texts;
    std::size_t count = 0;
    std::span<const int> group_numbers;  ///< In `texts`, by slot of the name; -1: none.

    std::span<const std::string_view> groups() const { return {texts.data(), count}; }
};

/// RE2's syntax, in which every match takes time linear in the name. Names are in lower case with
/// their final dot, and an expression may match any part of them.
class Matcher {
public:
    static constexpr std::size_t size_max = 10'000;  ///< Octets of an expression.

    Matcher();  ///< Matches every name.
    Matcher(Matcher&&) noexcept;
    Matcher& operator=(Matcher&&) noexcept;
    ~Matcher();

    /// Appends an expression. The error says what to change.
    [[nodiscard]] std::expected<void, std::string> add(const std::string& pattern);

    /// False: no expression matches.
    [[nodiscard]] bool find(std::string_view name, Match& match) const;

    /// The names of groups in all expressions; a slot is a place among them.
    const std::vector<std::string>& group_names() const { return names_; }
    /// Most groups of an expression, the whole match included.
    std::size_t groups() const { return groups_; }

private:
    struct Expression {
        std::unique_ptr<re2::RE2> pattern;
        std::vector<int> numbers;  // By slot.
    };
    std::vector<Expression> expressions_;
    std::vector<std::string> names_;
    std::size_t groups_ = 1;
};

}  // namespace loom::templates
