// SPDX-License-Identifier: Apache-2.0
// From the text of an expression to a tree whose types are right.
#pragma once

#include "node.hpp"
#include "token.hpp"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <string_view>

namespace loom::views {

inline constexpr std::size_t expression_size_max = 10'000;  ///< Octets.
inline constexpr unsigned expression_depth_max = 64;

/// The key of a fact of other plugins, 0 if that is no name of one.
using MetaKey = std::function<std::uint32_t(std::string_view)>;

/// The syntax is that of CoreDNS's view, as far as it is about facts of a query. What can never
/// hold, such as a type that there is not, is an error, too.
[[nodiscard]] std::expected<Node, ExpressionError>
parse_expression(std::string_view text, const MetaKey& meta_key);

}  // namespace loom::views
