// SPDX-License-Identifier: Apache-2.0
// What somebody most likely meant who wrote a word that is not known; for errors of configurations.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace loom {

/// How many letters have to be inserted, removed, replaced or swapped with their neighbour to make
/// one from the other (optimal string alignment). Case counts. Of long words only the first 64
/// octets are looked at.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
    constexpr std::size_t compared_size_max = 64;
    a = a.substr(0, compared_size_max);
    b = b.substr(0, compared_size_max);
    using Row = std::array<std::size_t, compared_size_max + 1>;
    Row row{};
    Row above{};
    Row above_last{};
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        above_last = above;
        above = row;
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t changed = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, changed});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], above_last[j - 2] + 1);
        }
    }
    return row[b.size()];
}

/// The one of `known` that was most likely meant; empty if none is near.
inline std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
    // A third of the letters may be wrong: beyond that a guess is noise.
    std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
    std::string_view found;
    for (const std::string_view candidate : known) {
        const std::size_t distance = edit_distance(word, candidate);
        // At least half of it must be right, or "-x" is near to each "-y".
        if (distance >= best || distance * 2 >= std::max(word.size(), candidate.size())) continue;
        best = distance;
        found = candidate;
    }
    return found;
}

/// ` did you mean "Name"? There are: Name, Zone`: to be put behind `there is no "Nmae":`.
inline std::string suggest(std::string_view word, std::span<const std::string_view> known) {
    const std::string_view found = nearest(word, known);
    std::string text;
    if (!found.empty()) text = " did you mean \"" + std::string{found} + "\"?";
    if (known.empty()) return text + " there are none";
    text += found.empty() ? " there are " : " There are ";
    for (std::size_t i = 0; i < known.size(); ++i) {
        if (i != 0) text += ", ";
        text += known[i];
    }
    return text;
}

}  // namespace loom
