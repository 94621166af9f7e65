// SPDX-License-Identifier: Apache-2.0
// Reading lines of /etc/hosts.

#include "hosts_file.hpp"

#include <dnsloom/dns/address_text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace loom::hosts {
namespace {

constexpr std::size_t shown_max = 80;
constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/// The next word, taken off the front; empty at the end.
std::string_view take_word(std::string_view& line) {
    constexpr std::string_view blanks = " \t\r\f\v";
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(blanks));
    line.remove_prefix(word.size());
    return word;
}

/// What somebody wrote, fit for a message.
std::string shown(std::string_view word) {
    std::string text{word.substr(0, shown_max)};
    std::ranges::replace_if(
        text, [](char c) { return c < ' ' || c > '~'; }, '?');
    return text;
}

std::optional<HostAddress> parse_address(std::string_view text) {
    HostAddress address;
    if (const auto ipv4 = dns::parse_ipv4(text)) {
        std::ranges::copy(*ipv4, address.octets.begin());
        return address;
    }
    // An address of a link has its interface behind it; the record has no place for that.
    const auto ipv6 = dns::parse_ipv6(text.substr(0, text.find('%')));
    if (!ipv6) return std::nullopt;
    if (std::ranges::equal(std::span{*ipv6}.first<12>(), mapped_prefix)) {
        std::ranges::copy(std::span{*ipv6}.last<4>(), address.octets.begin());
        return address;
    }
    address.octets = *ipv6;
    address.size = 16;
    return address;
}

std::expected<dns::Name, std::string> parse_name(std::string_view word) {
    auto name = dns::Name::from_text(word);
    if (!name)
        return std::unexpected{
            fmt::format("\"{}\" is no name: {}", shown(word), dns::describe(name.error()))};
    if (name->is_root())
        return std::unexpected{fmt::format("\"{}\" is no name of a host", shown(word))};
    name->lower();
    return *name;
}

}  // namespace

dns::Name HostAddress::reverse_name() const {
    std::string text;
    for (std::size_t i = size; i-- > 0;)
        text += size == 4 ? fmt::format("{}.", octets[i])
                          : fmt::format("{:x}.{:x}.", octets[i] & 15U, octets[i] >> 4U);
    text += size == 4 ? "in-addr.arpa." : "ip6.arpa.";
    return *dns::Name::from_text(text);
}

std::expected<void, std::string> scan_host_line(std::string_view line, const HostSink& sink) {
    line = line.substr(0, line.find('#'));
    const std::string_view first = take_word(line);
    if (first.empty()) return {};
    const auto address = parse_address(first);
    if (!address)
        return std::unexpected{fmt::format(
            "\"{}\" is no address: write a line such as 192.0.2.1 host.example.org", shown(first))};

    std::string_view word = take_word(line);
    if (word.empty())
        return std::unexpected{
            fmt::format("no name behind {}: write one, or take the line out", shown(first))};
    for (; !word.empty(); word = take_word(line)) {
        const auto name = parse_name(word);
        if (!name) return std::unexpected{name.error()};
        sink(*address, *name);
    }
    return {};
}

std::expected<void, std::string>
scan_hosts(std::string_view text, std::string_view file, const HostSink& sink) {
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        const auto scanned = scan_host_line(text.substr(0, end), sink);
        if (!scanned)
            return std::unexpected{fmt::format("{}:{}: {}", file, number, scanned.error())};
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    return {};
}

}  // namespace loom::hosts
