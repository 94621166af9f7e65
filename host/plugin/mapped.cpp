// SPDX-License-Identifier: Apache-2.0
#include "mapped.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>

namespace loom::host {
namespace {

constexpr std::string_view removed_mark = " (deleted)";

/// The file name in `START-END PERMS OFFSET DEVICE INODE   NAME`; empty if there is none.
std::string_view name_in(std::string_view line) {
    constexpr int fields_before = 5;
    for (int i = 0; i < fields_before; ++i) {
        const auto end = line.find(' ');
        if (end == std::string_view::npos) return {};
        line.remove_prefix(end + 1);
    }
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (line.ends_with(removed_mark)) line.remove_suffix(removed_mark.size());
    return line;
}

template <class Predicate>
std::size_t count_lines(Predicate counts) {
    std::ifstream maps{"/proc/self/maps"};
    std::size_t count = 0;
    for (std::string line; std::getline(maps, line);) count += counts(line) ? 1 : 0;
    return count;
}

}  // namespace

std::size_t mapped_segments(const std::filesystem::path& path) {
    return count_lines([&path](std::string_view line) { return name_in(line) == path.native(); });
}

std::size_t mapped_segments() {
    return count_lines([](std::string_view line) { return name_in(line).starts_with('/'); });
}

}  // namespace loom::host
