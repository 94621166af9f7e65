// SPDX-License-Identifier: Apache-2.0
#include "catalog.hpp"

#include "../config/suggest.hpp"
#include "plugin/plugin_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <system_error>

namespace loom::host {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view suffix = ".so";
constexpr std::size_t name_size_max = 255;
constexpr std::size_t path_size_max = 4095;
constexpr std::size_t looked_size_max = 320;  // Of a path in a message.

bool is_path(std::string_view name) {
    return name.find('/') != std::string_view::npos || name.ends_with(suffix);
}

/// Why `name` is not even looked for; empty if it is.
std::string_view mistake_in(std::string_view name) {
    if (name.empty()) return "is empty";
    if (name.size() > (is_path(name) ? path_size_max : name_size_max)) return "is too long";
    const bool control = std::ranges::any_of(name, [](char each) {
        const auto octet = static_cast<unsigned char>(each);
        return octet < 0x20 || octet == 0x7F;
    });
    if (control) return "has a control character";
    for (const fs::path& part : fs::path{name}) {
        if (part == "..") return "has a \"..\"; write the whole path";
    }
    return {};
}

/// Empty if there is a regular file, else what is there instead.
std::string obstacle_at(const fs::path& path) {
    std::error_code error;
    const auto status = fs::status(path, error);
    if (fs::is_regular_file(status)) return {};
    if (status.type() == fs::file_type::not_found) return "no such file";
    return error ? error.message() : "not a regular file";
}

}  // namespace

Catalog::Catalog(std::vector<fs::path> folders) : folders_{std::move(folders)} {}

Catalog Catalog::of(std::span<const std::string> plugin_path) {
    if (plugin_path.empty()) return Catalog{{fs::path{installed_plugin_folder}}};
    return Catalog{{plugin_path.begin(), plugin_path.end()}};
}

Result<fs::path> Catalog::find(std::string_view name) const {
    if (const auto mistake = mistake_in(name); !mistake.empty()) {
        return std::unexpected{
            Error{fmt::format("plugin name {} {}", quoted(name), mistake), Failure::config}};
    }
    if (is_path(name)) {
        const auto obstacle = obstacle_at(name);
        if (obstacle.empty()) return fs::path{name};
        return std::unexpected{Error{
            fmt::format("plugin file {}: {}", quoted(name), obstacle), Failure::plugin_missing}};
    }
    std::string looked;
    for (const fs::path& path : candidates(name)) {
        const auto obstacle = obstacle_at(path);
        if (obstacle.empty()) return path;
        looked += fmt::format(
            "{}{} ({})",
            looked.empty() ? "" : ", ",
            printable(path.native(), looked_size_max),
            obstacle);
    }
    const auto entries = list();
    std::vector<std::string_view> known;
    for (const CatalogEntry& each : entries) known.push_back(each.name);
    const auto near = nearest(name, known);
    return std::unexpected{Error{
        fmt::format(
            "there is no plugin {}; looked for {}{}",
            quoted(name),
            looked,
            near.empty() ? "" : fmt::format("; did you mean {}?", quoted(near))),
        Failure::plugin_missing}};
}

std::vector<fs::path> Catalog::candidates(std::string_view name) const {
    if (!mistake_in(name).empty()) return {};
    if (is_path(name)) return {fs::path{name}};
    std::vector<fs::path> paths;
    for (const fs::path& folder : folders_)
        paths.push_back(folder / (std::string{name} + std::string{suffix}));
    return paths;
}

std::vector<CatalogEntry> Catalog::list() const {
    std::vector<CatalogEntry> entries;
    std::set<std::string, std::less<>> seen;
    for (const fs::path& folder : folders_) {
        const auto first = static_cast<std::ptrdiff_t>(entries.size());
        std::error_code error;
        for (fs::directory_iterator at{folder, error}, end; !error && at != end;
             at.increment(error)) {
            const auto& path = at->path();
            if (path.extension() != suffix || !obstacle_at(path).empty()) continue;
            entries.push_back({path.stem().string(), path, false});
        }
        std::sort(entries.begin() + first, entries.end(), [](const auto& a, const auto& b) {
            return a.name < b.name;
        });
        for (auto entry = entries.begin() + first; entry != entries.end(); ++entry) {
            entry->hidden = !seen.insert(entry->name).second;
        }
    }
    return entries;
}

}  // namespace loom::host
