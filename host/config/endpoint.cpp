// SPDX-License-Identifier: Apache-2.0
#include "endpoint.hpp"

#include "error.hpp"

#include <dnsloom/dns/address_text.hpp>

#include <fmt/format.h>

#include <net/if.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

namespace loom::host {
namespace {

constexpr std::array schemes{
    std::pair{Scheme::dns, std::string_view{"dns"}},
    std::pair{Scheme::udp, std::string_view{"udp"}},
    std::pair{Scheme::tcp, std::string_view{"tcp"}}};

/// An address and a port as text, each of which may be empty.
struct Parts {
    std::string_view host;
    std::string_view port;
    bool has_port = false;
    bool bracketed = false;
};

template <class T>
std::optional<T> whole_number(std::string_view text) {
    T number{};
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
    return number;
}

/// An IPv6 zone: an interface's name or number (RFC 4007 section 11).
std::optional<std::uint32_t> scope_number(std::string_view text) {
    if (const auto number = whole_number<std::uint32_t>(text)) return number;
    if (text.empty() || text.size() >= IF_NAMESIZE) return std::nullopt;
    const auto number = if_nametoindex(std::string{text}.c_str());
    return number != 0 ? std::optional<std::uint32_t>{number} : std::nullopt;
}

std::optional<loom_address> parse_address(std::string_view text) {
    loom_address address{};
    if (const auto ipv4 = dns::parse_ipv4(text)) {
        address.family = 4;
        address.ip[10] = address.ip[11] = 0xFF;
        std::ranges::copy(*ipv4, address.ip + 12);
        return address;
    }
    const auto percent = std::min(text.find('%'), text.size());
    const auto ipv6 = dns::parse_ipv6(text.substr(0, percent));
    if (!ipv6) return std::nullopt;
    address.family = 6;
    std::ranges::copy(*ipv6, address.ip);
    if (percent == text.size()) return address;
    const auto scope = scope_number(text.substr(percent + 1));
    if (!scope) return std::nullopt;
    address.scope = *scope;
    return address;
}

std::optional<Parts> split(std::string_view text) {
    Parts parts;
    std::string_view rest;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        parts.host = text.substr(1, end - 1);
        parts.bracketed = true;
        rest = text.substr(end + 1);
    } else {
        // More than one colon: an IPv6 address without a port.
        const auto colon = std::ranges::count(text, ':') == 1 ? text.find(':') : text.size();
        parts.host = text.substr(0, colon);
        rest = text.substr(colon);
    }
    if (rest.empty()) return parts;
    if (rest.front() != ':') return std::nullopt;
    parts.has_port = true;
    parts.port = rest.substr(1);
    return parts;
}

std::optional<loom_address> parse_parts(const Parts& parts, std::uint16_t port_when_none) {
    auto address = parse_address(parts.host);
    if (!address || (parts.bracketed && address->family != 6)) return std::nullopt;
    address->port = port_when_none;
    if (!parts.has_port) return address;
    const auto port = whole_number<std::uint16_t>(parts.port);
    if (!port) return std::nullopt;
    address->port = *port;
    return address;
}

std::string address_text(const loom_address& address) {
    const std::span<const std::uint8_t, 16> octets{address.ip};
    std::string text;
    if (address.family == 4) {
        dns::append_ipv4(octets.last<4>(), text);
        return text;
    }
    dns::append_ipv6(octets, text);
    if (address.scope == 0) return text;
    std::array<char, IF_NAMESIZE> name{};
    if (if_indextoname(address.scope, name.data())) return text + '%' + name.data();
    return fmt::format("{}%{}", text, address.scope);
}

loom_address any_address(std::uint8_t family, std::uint16_t port) {
    loom_address address{};
    address.family = family;
    address.port = port;
    if (family == 4) address.ip[10] = address.ip[11] = 0xFF;
    return address;
}

std::optional<std::vector<Listen>> listen_addresses(Scheme scheme, std::string_view text) {
    const auto parts = split(text);
    if (!parts) return std::nullopt;
    if (!parts->host.empty() || parts->bracketed) {
        const auto address = parse_parts(*parts, dns_port);
        if (!address) return std::nullopt;
        return std::vector{Listen{scheme, *address, false}};
    }
    const auto port = whole_number<std::uint16_t>(parts->port);
    if (!port) return std::nullopt;
    return std::vector{
        Listen{scheme, any_address(4, *port), true}, Listen{scheme, any_address(6, *port), true}};
}

}  // namespace

std::expected<loom_address, std::string> parse_endpoint(std::string_view text) {
    const auto parts = split(text);
    const auto address = parts ? parse_parts(*parts, 0) : std::nullopt;
    if (!address) {
        return std::unexpected{fmt::format(
            "{} is no address: write it such as \"192.0.2.1\", \"192.0.2.1:53\", \"2001:db8::1\" "
            "or "
            "\"[2001:db8::1]:53\"",
            quoted(text))};
    }
    if (parts->has_port && address->port == 0) {
        return std::unexpected{
            fmt::format("{} has port 0: write a port from 1 to 65535, or none", quoted(text))};
    }
    return *address;
}

std::string to_string(const loom_address& address) {
    return address.port == 0 ? address_text(address) : to_string_with_port(address);
}

std::string to_string_with_port(const loom_address& address) {
    if (address.family == 4) return fmt::format("{}:{}", address_text(address), address.port);
    return fmt::format("[{}]:{}", address_text(address), address.port);
}

std::string_view to_string(Scheme scheme) {
    return std::ranges::find(schemes, scheme, &decltype(schemes)::value_type::first)->second;
}

bool operator==(const Listen& a, const Listen& b) {
    return a.scheme == b.scheme && a.address.family == b.address.family &&
           a.address.port == b.address.port && a.address.scope == b.address.scope &&
           std::memcmp(a.address.ip, b.address.ip, sizeof a.address.ip) == 0;
}

std::string to_string(const Listen& listen) {
    return fmt::format("{}://{}", to_string(listen.scheme), to_string_with_port(listen.address));
}

std::expected<std::vector<Listen>, std::string> parse_listen(std::string_view text) {
    const auto separator = text.find("://");
    auto scheme = Scheme::dns;
    auto rest = text;
    if (separator != std::string_view::npos) {
        const auto name = text.substr(0, separator);
        const auto found = std::ranges::find(schemes, name, &decltype(schemes)::value_type::second);
        if (found == schemes.end()) {
            return std::unexpected{fmt::format(
                "{} has a scheme that this host does not offer; it offers dns:// (UDP and TCP), "
                "udp:// and tcp://",
                quoted(text))};
        }
        scheme = found->first;
        rest = text.substr(separator + 3);
    }
    auto listens = listen_addresses(scheme, rest);
    if (listens) return std::move(*listens);
    return std::unexpected{fmt::format(
        "{} is nothing to listen on: write an address with a port such as \"127.0.0.1:53\", "
        "\"[::1]:53\" or, for all addresses, \":53\"; with dns://, udp:// or tcp:// before it",
        quoted(text))};
}

}  // namespace loom::host
