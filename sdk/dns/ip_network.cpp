// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/dns/ip_network.hpp>

#include <dnsloom/dns/address_text.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

namespace loom::dns {
namespace {

std::optional<IpAddress> read_text(std::string_view text) {
    if (const auto four = parse_ipv4(text)) return IpAddress::read(four->data(), 4);
    if (const auto six = parse_ipv6(text)) return IpAddress::read(six->data(), 16);
    return std::nullopt;
}

std::string quoted(std::string_view text) { return '"' + std::string{text} + '"'; }

std::string not_a_network(std::string_view text) {
    return quoted(text) +
           " is no network: write an address and a prefix, such as 192.0.2.0/24 or 2001:db8::/32";
}

std::optional<IpAddress> after(const IpAddress& address) {
    if (address.low != UINT64_MAX) return IpAddress{address.high, address.low + 1};
    if (address.high != UINT64_MAX) return IpAddress{address.high + 1, 0};
    return std::nullopt;
}

}  // namespace

std::string to_text(const IpAddress& address) {
    const auto octets = address.octets();
    std::string out;
    if (address.is_ipv4())
        append_ipv4(std::span{octets}.last<4>(), out);
    else
        append_ipv6(octets, out);
    return out;
}

std::string to_text(const IpAddress& address, unsigned prefix) {
    const unsigned bits =
        address.is_ipv4() && prefix >= mapped_bits ? prefix - mapped_bits : prefix;
    return to_text(address.masked(prefix)) + '/' + std::to_string(bits);
}

std::expected<IpAddress, std::string> parse_address(std::string_view text) {
    if (const auto address = read_text(text)) return *address;
    return std::unexpected{
        quoted(text) + " is no address: write one such as 192.0.2.1 or 2001:db8::1"};
}

std::expected<IpNetwork, std::string> parse_network(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = read_text(text.substr(0, slash));
    if (!address) return std::unexpected{not_a_network(text)};
    const bool is_ipv4 = text.find(':') == std::string_view::npos;
    const unsigned offset = is_ipv4 ? mapped_bits : 0;
    unsigned prefix = address_bits - offset;
    if (slash != std::string_view::npos) {
        const auto digits = text.substr(slash + 1);
        unsigned given = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), given);
        if (error != std::errc{} || end != digits.data() + digits.size() || given > prefix)
            return std::unexpected{not_a_network(text)};
        prefix = given;
    }
    prefix += offset;
    const IpAddress first = address->masked(prefix);
    if (first != *address) {
        return std::unexpected{
            quoted(text) + " has bits set behind its prefix: write " + to_text(first, prefix)};
    }
    return IpNetwork{first, first.filled(prefix), prefix};
}

NetworkRanks::NetworkRanks(const std::vector<IpNetwork>& networks) {
    struct Edge {
        IpAddress at;
        std::uint32_t rank;
        bool begins;
    };
    std::vector<Edge> edges;
    for (std::uint32_t rank = 0; rank < networks.size(); ++rank) {
        edges.push_back({networks[rank].first, rank, true});
        if (const auto end = after(networks[rank].last)) edges.push_back({*end, rank, false});
    }
    std::ranges::sort(edges, {}, &Edge::at);
    std::set<std::uint32_t> open;
    for (std::size_t i = 0; i < edges.size();) {
        const IpAddress at = edges[i].at;
        for (; i < edges.size() && edges[i].at == at; ++i) {
            if (edges[i].begins)
                open.insert(edges[i].rank);
            else
                open.erase(edges[i].rank);
        }
        const std::uint32_t rank = open.empty() ? none : *open.begin();
        if (spans_.empty() ? rank != none : spans_.back().rank != rank)
            spans_.push_back({at, rank});
    }
}

std::uint32_t NetworkRanks::rank(const IpAddress& address) const {
    const auto behind = std::ranges::upper_bound(spans_, address, {}, &Span::first);
    return behind == spans_.begin() ? none : std::prev(behind)->rank;
}

}  // namespace loom::dns
