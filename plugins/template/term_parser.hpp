// SPDX-License-Identifier: Apache-2.0
// Go's pipelines: `.Group.a`, `index .Match 1`, `parseInt .Group.a 16 8 | printf "%d"`.
#pragma once

#include "action_lexer.hpp"
#include "term.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loom::templates {

/// What a template may name; borrowed while it is compiled.
struct Names {
    std::span<const std::string> groups;  ///< Of all expressions; a slot is a place in it.
    std::size_t match_count = 1;          ///< Most groups of an expression, the whole included.
    /// The key of a fact, 0 if that is no name of one.
    std::function<std::uint32_t(std::string_view)> meta_key;
};

/// Checks kinds and counts of all arguments: what it gives can be evaluated. The error says what
/// to change.
[[nodiscard]] std::expected<Term, std::string>
parse_term(std::span<const Token> tokens, const Names& names);

}  // namespace loom::templates
