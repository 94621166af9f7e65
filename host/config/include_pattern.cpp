// SPDX-License-Identifier: Apache-2.0
#include "include_pattern.hpp"

#include <filesystem>

namespace loom::host {
namespace {

constexpr std::string_view special = "*?[\\";

/// A directory's name is no pattern.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (special.find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

}  // namespace

IncludePattern include_pattern(std::string_view text, std::string_view directory) {
    const auto literal = text.substr(0, text.find_first_of(special));
    return {
        .pattern = (std::filesystem::path{escaped(directory)} / text).string(),
        .directory = (std::filesystem::path{directory} / literal).parent_path().string(),
        .wildcard = literal.size() != text.size()};
}

}  // namespace loom::host
