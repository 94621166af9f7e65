// SPDX-License-Identifier: Apache-2.0
#include "suggest.hpp"

#include "error.hpp"

namespace loom::host {
namespace {

/// More names than this make a message unreadable.
constexpr std::size_t listed_max = 40;

std::string listing(std::span<const std::string_view> known) {
    std::string text;
    for (std::size_t i = 0; i != known.size(); ++i) {
        if (i != 0) text += ", ";
        if (i == listed_max) return text + "...";
        text += printable(known[i]);
    }
    return text;
}

}  // namespace

std::string suggestion(std::string_view word, std::span<const std::string_view> known) {
    std::string text;
    const auto near = nearest(word, known);
    if (!near.empty()) text = "; did you mean " + quoted(near) + "?";
    if (known.empty()) return text;
    return text + (text.empty() ? "; allowed: " : " Allowed: ") + listing(known);
}

}  // namespace loom::host
