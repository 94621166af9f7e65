// SPDX-License-Identifier: Apache-2.0
#include "resolv_conf.hpp"

#include "address_table.hpp"
#include "endpoint.hpp"
#include "upstream_url.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>

namespace loom::forward {
namespace {

constexpr std::size_t file_size_max = 65536;
constexpr std::string_view blanks = " \t\r";

std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    const auto word = line.substr(0, line.find_first_of(blanks));
    line.remove_prefix(word.size());
    return word;
}

/// parse_upstream() wants brackets around IPv6 only.
std::string without_needless_brackets(std::string_view word) {
    const auto end = word.find(']');
    if (!word.starts_with('[') || end == std::string_view::npos) return std::string{word};
    const auto address = word.substr(1, end - 1);
    if (address.find(':') != std::string_view::npos) return std::string{word};
    return std::string{address} + std::string{word.substr(end + 1)};
}

}  // namespace

std::expected<std::vector<loom_address>, std::string> parse_resolv_conf(std::string_view text) {
    std::vector<loom_address> servers;
    for (std::size_t number = 1; !text.empty(); ++number) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (take_word(line) != "nameserver") continue;
        const auto word = take_word(line);
        const auto server = parse_upstream(without_needless_brackets(word));
        if (!server || server->transport != Transport::plain || !server->host.empty())
            return std::unexpected{
                "line " + std::to_string(number) + ": `" + std::string{word} +
                "` is no address of a name server"};
        const auto is_same = [&](const auto& a) { return same_address(a, server->address); };
        if (servers.size() < resolv_conf_servers_max && std::ranges::none_of(servers, is_same))
            servers.push_back(server->address);
    }
    if (servers.empty()) return std::unexpected{std::string{"it has no `nameserver` line"}};
    return servers;
}

std::expected<std::vector<loom_address>, std::string> read_resolv_conf(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file) return std::unexpected{path + ": " + describe_errno(errno)};
    std::string text(file_size_max, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    auto servers = parse_resolv_conf(text);
    if (!servers) return std::unexpected{path + ": " + servers.error()};
    return servers;
}

}  // namespace loom::forward
