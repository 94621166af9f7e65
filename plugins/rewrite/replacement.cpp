// SPDX-License-Identifier: Apache-2.0
#include "replacement.hpp"

#include <fmt/format.h>

namespace loom::rewrite {

std::expected<Replacement, std::string>
Replacement::parse(std::string_view text, std::size_t groups) {
    Replacement made;
    while (!text.empty()) {
        const std::size_t open = text.find('{');
        if (open != 0) made.pieces_.push_back({std::string{text.substr(0, open)}, -1});
        if (open == text.npos) break;
        const std::string_view rest = text.substr(open);
        if (rest.size() < 3 || rest[1] < '0' || rest[1] > '9' || rest[2] != '}')
            return std::unexpected{fmt::format(
                "\"{}\" is no group: write {{0}} for the whole match, {{1}} to {{9}} for its "
                "groups",
                rest.substr(0, rest.find('}') == rest.npos ? 1 : rest.find('}') + 1))};
        const int group = rest[1] - '0';
        if (static_cast<std::size_t>(group) >= groups)
            return std::unexpected{
                fmt::format("there is no group {{{}}}: the expression has {}", group, groups - 1)};
        made.pieces_.push_back({{}, group});
        text = rest.substr(3);
    }
    return made;
}

void Replacement::append_to(std::string& out, std::span<const std::string_view> groups) const {
    for (const Piece& piece : pieces_)
        out += piece.group < 0 ? std::string_view{piece.text}
                               : groups[static_cast<std::size_t>(piece.group)];
}

}  // namespace loom::rewrite
