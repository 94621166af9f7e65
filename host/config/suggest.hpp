// SPDX-License-Identifier: Apache-2.0
// The nearest spelling of a word that is not known.
#pragma once

#include <dnsloom/nearest.hpp>

#include <span>
#include <string>
#include <string_view>

namespace loom::host {

using loom::edit_distance;
using loom::nearest;

/// `; did you mean "cache"? Allowed: cache, file`, for the end of a message.
[[nodiscard]] std::string
suggestion(std::string_view word, std::span<const std::string_view> known);

}  // namespace loom::host
