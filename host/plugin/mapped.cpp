// SPDX-License-Identifier: Apache-2.0
#include "mapped.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

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

/// The range in the same line.
std::optional<AddressRange> range_in(std::string_view line) {
    AddressRange range;
    const char* last = line.data() + line.size();
    const auto first = std::from_chars(line.data(), last, range.first, 16);
    if (first.ec != std::errc{} || first.ptr == last) return std::nullopt;
    if (std::from_chars(first.ptr + 1, last, range.end, 16).ec != std::errc{}) return std::nullopt;
    return range;
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

std::optional<AddressRange> mapped_range(const std::filesystem::path& path) {
    std::ifstream maps{"/proc/self/maps"};
    std::optional<AddressRange> all;
    for (std::string line; std::getline(maps, line);) {
        const auto range = range_in(line);
        if (!range || name_in(line) != path.native()) continue;
        if (!all) all = range;
        all->first = std::min(all->first, range->first);
        all->end = std::max(all->end, range->end);
    }
    return all;
}

std::optional<AddressRange> mapping_of(std::uintptr_t address) {
    std::ifstream maps{"/proc/self/maps"};
    for (std::string line; std::getline(maps, line);) {
        const auto range = range_in(line);
        if (range && range->has(address)) return range;
    }
    return std::nullopt;
}

}  // namespace loom::host
