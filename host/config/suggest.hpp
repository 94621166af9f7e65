// SPDX-License-Identifier: Apache-2.0
// The nearest spelling of a word that is not known.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace loom::host {

/// How many letters have to be inserted, removed, replaced or swapped with their neighbour to make
/// one from the other (optimal string alignment). Case counts. Of long words only the first 64
/// octets are looked at.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The one of `known` that `word` is most likely meant to be; empty if none is near.
[[nodiscard]] std::string_view
nearest(std::string_view word, std::span<const std::string_view> known);

/// `; did you mean "cache"? Allowed: cache, file`, for the end of a message.
[[nodiscard]] std::string
suggestion(std::string_view word, std::span<const std::string_view> known);

}  // namespace loom::host
