// SPDX-License-Identifier: Apache-2.0
// Reads a configuration file and what it includes.
#include "config.hpp"
#include "field_reader.hpp"
#include "host_table.hpp"
#include "include_pattern.hpp"
#include "mistakes.hpp"
#include "server_conflicts.hpp"
#include "server_table.hpp"
#include "suggest.hpp"
#include "toml_reader.hpp"
#include "variables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <utility>

namespace loom::host {
namespace {

constexpr std::size_t include_patterns_max = 64;
constexpr std::size_t included_files_max = 1024;

constexpr std::array<std::string_view, 3> main_keys = {"host", "server", "include"};

std::string parent_of(const std::string& path) {
    return std::filesystem::path{path}.parent_path().string();
}

std::string absolute(const std::string& path) {
    std::error_code failure;
    const auto made = std::filesystem::absolute(path.empty() ? "." : path, failure);
    // Fails only where there is no working directory; then the path is as good as it gets.
    auto text = (failure ? std::filesystem::path{path} : made).lexically_normal().string();
    // What `.` at the end becomes.
    if (text.size() > 1 && text.ends_with('/')) text.pop_back();
    return text;
}

class Loader {
public:
    explicit Loader(const ConfigSource& source) : source_{source} {}

    /// Reads the main file from its text.
    void read_main(std::string_view text, const std::string& path) {
        config_.files.push_back(absolute(path));
        const auto* table = parse(text, path);
        if (table == nullptr) return;
        read_document(*table, path);
        const auto* include = table->find("include");
        if (include != nullptr) read_includes(*include, parent_of(path));
        if (servers_.empty() && mistakes_.empty()) {
            mistakes_.add(
                {std::make_shared<const std::string>(path)}, "there is no [[server]]; add one");
        }
    }

    Result<Config> finish() && {
        if (!mistakes_.full()) config_.shared_zones = check_conflicts(servers_, mistakes_);
        if (!mistakes_.empty()) return std::unexpected{join(mistakes_.list())};
        for (ReadServer& server : servers_) config_.servers.push_back(std::move(server.config));
        return std::move(config_);
    }

private:
    const Table* parse(std::string_view text, const std::string& path) {
        auto table = read_toml(text, std::make_shared<const std::string>(path));
        if (!table) {
            mistakes_.add({}, table.error().text);
            return nullptr;
        }
        expand_all(*table, source_.variable, mistakes_);
        return &documents_.emplace_back(std::move(*table));
    }

    void read_document(const Table& table, const std::string& path) {
        const auto directory = absolute(parent_of(path));
        for (const Entry& entry : table.entries) {
            if (entry.key == "host") {
                read_host_entry(entry, directory);
            } else if (entry.key == "server") {
                read_servers(entry, directory);
            } else if (entry.key != "include") {
                unknown_key(mistakes_, entry, "the file", main_keys);
            }
        }
    }

    void read_host_entry(const Entry& entry, std::string_view directory) {
        const auto* table = entry.value.as<Table>();
        if (table == nullptr) {
            return mistakes_.add(
                entry.value.place,
                fmt::format(
                    "\"host\" must be a table: write [host], not {}", describe(entry.value)));
        }
        if (host_place_) {
            return mistakes_.add(
                entry.place,
                fmt::format("there is a [host] at {} already", to_string(*host_place_)));
        }
        host_place_ = entry.place;
        config_.host = read_host(*table, directory, mistakes_);
    }

    void read_servers(const Entry& entry, std::string_view directory) {
        const auto* array = entry.value.as<Array>();
        if (array == nullptr) {
            return mistakes_.add(
                entry.value.place,
                fmt::format(
                    "\"server\" must be an array of tables: write [[server]], not {}",
                    entry.value.as<Table>() ? "[server]" : describe(entry.value)));
        }
        for (const Value& value : *array) {
            if (mistakes_.full()) return;
            servers_.push_back(read_server(value, directory, mistakes_));
        }
    }

    void read_includes(const Entry& entry, const std::string& directory) {
        const FieldReader reader{directory, mistakes_};
        const auto patterns = reader.texts(entry);
        if (patterns.size() > include_patterns_max) {
            return reader.wrong(
                entry,
                fmt::format(
                    "has {} patterns; at most {} may be", patterns.size(), include_patterns_max));
        }
        if (!source_.match && !patterns.empty()) {
            return reader.wrong(entry, "is possible in files only");
        }
        for (const PlacedText& pattern : patterns) read_matches(pattern, directory);
    }

    void read_matches(const PlacedText& include, const std::string& directory) {
        const auto [pattern, where, wildcard] = include_pattern(include.text, directory);
        const auto watched = absolute(where);
        auto& directories = config_.include_directories;
        if (std::ranges::find(directories, watched) == directories.end()) {
            directories.push_back(watched);
        }
        const auto paths = source_.match(pattern);
        if (paths.empty() && !wildcard) {
            mistakes_.add(*include.place, fmt::format("there is no file {}", quoted(include.text)));
        }
        for (const std::string& path : paths) {
            if (mistakes_.full()) return;
            read_included(path, *include.place);
        }
    }

    void read_included(const std::string& path, const Place& from) {
        auto& files = config_.files;
        const auto file = absolute(path);
        // Matched by two patterns, or the main file itself.
        if (std::ranges::find(files, file) != files.end()) return;
        if (files.size() > included_files_max) {
            return mistakes_.add(
                from, fmt::format("more than {} files are included", included_files_max));
        }
        files.push_back(file);
        const auto text = source_.read(path);
        if (!text) return mistakes_.add(from, text.error().text);
        const auto* table = parse(*text, path);
        if (table == nullptr) return;
        if (const auto* include = table->find("include")) {
            mistakes_.add(
                include->place, "an included file cannot include; do it in the main file");
        }
        read_document(*table, path);
    }

    const ConfigSource& source_;
    Config config_;
    Mistakes mistakes_;
    std::deque<Table> documents_;  ///< Places in servers_ point into them.
    std::vector<ReadServer> servers_;
    std::optional<Place> host_place_;
};

}  // namespace

Result<Config> load_config(const std::string& path) { return load_config(path, system_source()); }

Result<Config> load_config(const std::string& path, const ConfigSource& source) {
    const auto text = source.read(path);
    if (!text) return std::unexpected{text.error()};
    Loader loader{source};
    loader.read_main(*text, path);
    return std::move(loader).finish();
}

Result<Config> parse_config(std::string_view text, const std::string& path) {
    auto source = system_source();
    source.match = nullptr;
    Loader loader{source};
    loader.read_main(text, path);
    return std::move(loader).finish();
}

}  // namespace loom::host
