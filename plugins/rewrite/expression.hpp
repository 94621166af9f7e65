// SPDX-License-Identifier: Apache-2.0
// A regular expression over names in presentation form, and what a match becomes.
#pragma once

#include "replacement.hpp"

#include <dnsloom/dns/name.hpp>

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace loom::rewrite {

/// RE2's syntax, in which every match takes time linear in the name. Names are compared in lower
/// case, with their final dot, and the expression may match any part of them.
class Expression {
public:
    static constexpr std::size_t size_max = 10'000;  ///< Octets of its text.

    /// The error says what to change.
    [[nodiscard]] static std::expected<Expression, std::string>
    compile(const std::string& pattern, const std::string& replacement);

    Expression(Expression&&) noexcept;
    Expression& operator=(Expression&&) noexcept;
    ~Expression();

    bool matches(std::string_view name) const;
    /// What `name` becomes, as text; nothing if it does not match.
    std::optional<std::string> replace(std::string_view name) const;

private:
    Expression(std::unique_ptr<re2::RE2> pattern, Replacement replacement);
    bool may_match(std::string_view name) const;

    std::unique_ptr<re2::RE2> pattern_;
    Replacement replacement_;
    std::vector<std::string>
        atoms_;  // Each match has at least one of these texts; none: not known.
};

/// Lower case with its final dot.
std::string match_text(dns::NameView name);

/// A name as configurations and replacements write it: absolute with or without the final dot.
std::expected<dns::Name, dns::NameErrc> absolute_name(std::string_view text);

}  // namespace loom::rewrite
