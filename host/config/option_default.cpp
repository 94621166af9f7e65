// SPDX-License-Identifier: Apache-2.0
#include "option_default.hpp"

#include "option_specs.hpp"

#include <algorithm>
#include <utility>

namespace loom::host {
namespace {

std::string_view trimmed(std::string_view text, std::string_view characters) {
    const auto first = text.find_first_not_of(characters);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(characters) - first + 1);
}

/// A text that may stand for a number or truth value, just as one from the environment.
Value loose(std::string_view text, const Place& place) {
    return {.data = std::string{text}, .place = place, .expanded = true};
}

}  // namespace

Value default_of(const loom_option_spec& spec, const Place& place) {
    const auto text = view(spec.default_value);
    if (spec.type == LOOM_OPTION_TABLE) return {.data = Table{}, .place = place};
    if ((spec.flags & LOOM_OPTION_LIST) == 0) return loose(text, place);
    Array list;
    const auto inner = trimmed(text, " []");
    for (std::size_t begin = 0; begin < inner.size();) {
        const auto end = std::min(inner.find(',', begin), inner.size());
        list.push_back(loose(trimmed(inner.substr(begin, end - begin), " \"'"), place));
        begin = end + 1;
    }
    return {.data = std::move(list), .place = place};
}

}  // namespace loom::host
