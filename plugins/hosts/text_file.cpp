// SPDX-License-Identifier: Apache-2.0
// Reading a file.

#include "text_file.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>

namespace loom::hosts {
namespace {

std::unexpected<std::string> unreadable(const std::string& path, int error) {
    return std::unexpected{
        fmt::format("{}: {}: make it a file that the server may read", path, std::strerror(error))};
}

}  // namespace

std::expected<std::string, std::string> read_text(const std::string& path, std::size_t size_max) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{
        std::fopen(path.c_str(), "re"), std::fclose};
    if (!file) return unreadable(path, errno);
    std::string text;
    std::array<char, 65536> part;
    while (const std::size_t got = std::fread(part.data(), 1, part.size(), file.get())) {
        text.append(part.data(), got);
        if (text.size() > size_max)
            return std::unexpected{
                fmt::format("{}: more than {} MiB: split the file", path, size_max >> 20U)};
    }
    if (std::ferror(file.get()) != 0) return unreadable(path, errno);
    return text;
}

std::filesystem::file_time_type time_of(const std::string& path) {
    std::error_code missing;
    return std::filesystem::last_write_time(path, missing);
}

}  // namespace loom::hosts
