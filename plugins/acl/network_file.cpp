// SPDX-License-Identifier: Apache-2.0
// Reading files of networks.

#include "network_file.hpp"

#include "policy.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace loom::acl {
namespace {

constexpr std::size_t file_size_max = std::size_t{32} << 20U;

std::string_view trim(std::string_view text) {
    constexpr std::string_view blanks = " \t\r";
    const auto first = text.find_first_not_of(blanks);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::unexpected<std::string> unreadable(const std::string& path, int error) {
    return std::unexpected{
        fmt::format("{}: {}: make it a file that the server may read", path, std::strerror(error))};
}

}  // namespace

std::expected<std::vector<Network>, std::string>
parse_networks(std::string_view text, std::string_view file, std::size_t most) {
    std::vector<Network> networks;
    for (std::size_t line = 1; !text.empty(); ++line) {
        const auto end = text.find('\n');
        const std::string_view whole = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        const std::string_view word = trim(whole.substr(0, whole.find('#')));
        if (word.empty()) continue;
        const auto network = Network::parse(word);
        if (!network) return std::unexpected{fmt::format("{}:{}: {}", file, line, network.error())};
        if (networks.size() == most)
            return std::unexpected{fmt::format(
                "{}:{}: more than {} networks in all rules: join neighbours to larger ones",
                file,
                line,
                networks_max)};
        networks.push_back(*network);
    }
    return networks;
}

std::expected<std::vector<Network>, std::string>
read_networks(const std::string& path, std::size_t most) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{
        std::fopen(path.c_str(), "re"), std::fclose};
    if (!file) return unreadable(path, errno);
    std::string text;
    std::array<char, 65536> part;
    while (const std::size_t got = std::fread(part.data(), 1, part.size(), file.get())) {
        text.append(part.data(), got);
        if (text.size() > file_size_max)
            return std::unexpected{fmt::format("{}: more than 32 MiB: split the file", path)};
    }
    if (std::ferror(file.get()) != 0) return unreadable(path, errno);
    return parse_networks(text, path, most);
}

}  // namespace loom::acl
