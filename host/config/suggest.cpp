// SPDX-License-Identifier: Apache-2.0
#include "suggest.hpp"

#include "error.hpp"

#include <algorithm>
#include <array>

namespace loom::host {
namespace {

constexpr std::size_t compared_size_max = 64;
/// More names than this make a message unreadable.
constexpr std::size_t listed_max = 40;

using Row = std::array<std::size_t, compared_size_max + 1>;

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

std::size_t edit_distance(std::string_view a, std::string_view b) {
    a = a.substr(0, compared_size_max);
    b = b.substr(0, compared_size_max);
    Row above_last{};
    Row above{};
    Row row{};
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        above_last = above;
        above = row;
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], above_last[j - 2] + 1);
        }
    }
    return row[b.size()];
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
    // A third of the letters may be wrong: beyond that a guess is noise.
    std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
    std::string_view found;
    for (const std::string_view candidate : known) {
        const auto distance = edit_distance(word, candidate);
        // At least half of it must be right, or "-x" is near to each "-y".
        const bool alike = distance * 2 < std::max(word.size(), candidate.size());
        if (distance >= best || !alike) continue;
        best = distance;
        found = candidate;
    }
    return found;
}

std::string suggestion(std::string_view word, std::span<const std::string_view> known) {
    std::string text;
    const auto near = nearest(word, known);
    if (!near.empty()) text = "; did you mean " + quoted(near) + "?";
    if (known.empty()) return text;
    return text + (text.empty() ? "; allowed: " : " Allowed: ") + listing(known);
}

}  // namespace loom::host
