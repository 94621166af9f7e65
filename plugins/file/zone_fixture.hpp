// SPDX-License-Identifier: Apache-2.0
// For tests: zone files in a folder of their own, and an instance that serves them.
#pragma once

#include <dnsloom/harness/harness.hpp>

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loom::file::test {

/// A folder that is gone with the object.
class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "loom-file-XXXXXX").string();
        if (!mkdtemp(name.data())) throw std::runtime_error{"no folder"};
        path_ = std::filesystem::canonical(name);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::string file(std::string_view name) const { return (path_ / name).string(); }
    std::string write(std::string_view name, std::string_view text) const {
        std::filesystem::create_directories((path_ / name).parent_path());
        std::ofstream{path_ / name} << text;
        return file(name);
    }

private:
    std::filesystem::path path_;
};

/// Serves one zone from its text.
class Server {
public:
    Server(std::string_view zone, std::string_view text, harness::Table settings = {})
        : harness_{loom_module_0, with_path(text, std::move(settings)), setup({zone})} {}

    harness::Harness& operator*() { return harness_; }
    harness::Harness* operator->() { return &harness_; }
    harness::Answer ask(const harness::Question& question) { return harness_.ask(question); }
    const Folder& folder() const { return folder_; }

    static harness::Setup setup(std::vector<std::string_view> zones) {
        harness::Setup setup;
        setup.zones.assign(zones.begin(), zones.end());
        return setup;
    }

private:
    harness::Table with_path(std::string_view text, harness::Table settings) {
        settings.push_back({"path", folder_.write("zone", text)});
        return settings;
    }

    Folder folder_;
    harness::Harness harness_;
};

/// The lines that are no RRSIG records.
inline std::vector<std::string> data(const std::vector<std::string>& section) {
    std::vector<std::string> lines;
    for (const std::string& line : section)
        if (line.find(" IN RRSIG ") == line.npos) lines.push_back(line);
    return lines;
}

/// `OWNER TYPE` of each record, RRSIG with the type it covers.
inline std::vector<std::string> kinds(const std::vector<std::string>& section) {
    std::vector<std::string> kinds;
    for (const std::string& line : section) {
        std::vector<std::string> words;
        for (std::size_t at = 0; at < line.size();) {
            const std::size_t end = std::min(line.find(' ', at), line.size());
            words.push_back(line.substr(at, end - at));
            at = end + 1;
        }
        std::string kind = words.at(0) + " " + words.at(3);
        if (words[3] == "RRSIG") kind += " " + words.at(4);
        kinds.push_back(kind);
    }
    return kinds;
}

using Lines = std::vector<std::string>;

}  // namespace loom::file::test
