// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"
#include "toml_limits.hpp"

#include <fmt/format.h>

#include <glob.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace loom::host {
namespace {

Error unreadable(const std::string& path, int code) {
    return {fmt::format(
        "{}: cannot be read: {}", printable(path), std::generic_category().message(code))};
}

struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

Result<std::string> read_file(const std::string& path) {
    const std::unique_ptr<std::FILE, FileCloser> file{std::fopen(path.c_str(), "rbe")};
    if (!file) return std::unexpected{unreadable(path, errno)};
    std::string text;
    std::array<char, 65536> part;
    // One octet over the limit is enough for the parser to refuse it.
    while (text.size() <= toml_size_max) {
        const auto size = std::fread(part.data(), 1, part.size(), file.get());
        if (size == 0) break;
        text.append(part.data(), size);
    }
    if (std::ferror(file.get()) != 0) return std::unexpected{unreadable(path, errno)};
    return text;
}

std::vector<std::string> match_files(const std::string& pattern) {
    glob_t found{};
    std::vector<std::string> paths;
    if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
        paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    }
    globfree(&found);
    return paths;
}

std::optional<std::string> environment_variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>{value} : std::nullopt;
}

}  // namespace

ConfigSource system_source() {
    return {.read = read_file, .match = match_files, .variable = environment_variable};
}

}  // namespace loom::host
