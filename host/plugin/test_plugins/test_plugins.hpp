// SPDX-License-Identifier: Apache-2.0
// The test plugins, and a folder of the test's own to put them into.
#pragma once

#include <doctest/doctest.h>

#include <stdlib.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loom::host {

extern const char* const test_plugin_folder;

inline std::filesystem::path test_plugin(std::string_view name) {
    return std::filesystem::path{test_plugin_folder} / (std::string{name} + ".so");
}

inline std::vector<std::byte> octets_of(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    const auto octets = std::as_bytes(std::span{text});
    return {octets.begin(), octets.end()};
}

inline void write_file(const std::filesystem::path& path, std::string_view text) {
    std::ofstream{path, std::ios::binary} << text;
}

inline void write_file(const std::filesystem::path& path, std::span<const std::byte> octets) {
    write_file(path, {reinterpret_cast<const char*>(octets.data()), octets.size()});
}

/// Removed with everything in it.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "dnsloom-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = std::filesystem::canonical(name);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace loom::host
