// SPDX-License-Identifier: Apache-2.0
#include "upstream_url.hpp"

#include <dnsloom/dns/address_text.hpp>

#include <net/if.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

namespace loom::forward {
namespace {

constexpr std::string_view right_forms =
    "; write an address or host name such as 192.0.2.1, [2001:db8::1]:53, "
    "tls://192.0.2.1#dns.example or https://dns.example/dns-query";

constexpr std::size_t name_max = 253;
constexpr std::size_t path_max = 1024;

struct Parts {
    std::string_view host, port, path, server_name;
    bool bracketed = false, has_port = false, has_server_name = false;
};

std::unexpected<std::string> wrong(std::string_view text, std::string_view why) {
    return std::unexpected{
        "`" + std::string{text} + "` " + std::string{why} + std::string{right_forms}};
}

template <class T>
std::optional<T> whole_number(std::string_view text) {
    T number{};
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
    return number;
}

std::optional<std::uint32_t> scope_number(std::string_view text) {
    if (const auto number = whole_number<std::uint32_t>(text)) return number;
    if (text.empty() || text.size() >= IF_NAMESIZE) return std::nullopt;
    const auto number = ::if_nametoindex(std::string{text}.c_str());
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

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

bool is_label(std::string_view text) {
    return !text.empty() && text.size() <= 63 && !text.starts_with('-') && !text.ends_with('-') &&
           std::ranges::all_of(text, is_name_character);
}

std::string lower_name(std::string_view text) {
    if (text.ends_with('.')) text.remove_suffix(1);
    std::string lower{text};
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return lower;
}

Transport take_scheme(std::string_view& text) {
    const auto take = [&](std::string_view scheme) {
        if (!text.starts_with(scheme)) return false;
        text.remove_prefix(scheme.size());
        return true;
    };
    if (take("tls://")) return Transport::tls;
    if (take("https://")) return Transport::https;
    take("dns://");
    return Transport::plain;
}

std::optional<Parts> split(std::string_view text) {
    Parts parts;
    if (const auto hash = text.find('#'); hash != std::string_view::npos) {
        parts.server_name = text.substr(hash + 1);
        parts.has_server_name = true;
        text = text.substr(0, hash);
    }
    if (const auto slash = text.find('/'); slash != std::string_view::npos) {
        parts.path = text.substr(slash);
        text = text.substr(0, slash);
    }
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

std::uint16_t usual_port(Transport transport) {
    switch (transport) {
    case Transport::tls:
        return 853;
    case Transport::https:
        return 443;
    case Transport::plain:
        break;
    }
    return 53;
}

bool is_path(std::string_view path) {
    return path.size() <= path_max &&
           std::ranges::all_of(path, [](char c) { return c > ' ' && c < 0x7F; });
}

/// What is wrong with the parts that only some transports have; empty: nothing.
std::string_view misplaced(const Parts& parts, Transport transport) {
    if (!parts.path.empty() && transport != Transport::https)
        return "has a path, which only https:// has";
    if (!is_path(parts.path)) return "has a path that no URL has";
    if (parts.has_server_name && transport == Transport::plain)
        return "has a #server-name, which only tls:// and https:// have";
    if (parts.has_server_name && !is_host_name(parts.server_name))
        return "has a #server-name that is no host name";
    return {};
}

std::string describe(const Endpoint& endpoint, std::string_view host_text) {
    const auto port = endpoint.address.port;
    std::string text;
    if (endpoint.transport == Transport::tls) text = "tls://";
    if (endpoint.transport == Transport::https) text = "https://";
    text += host_text;
    if (endpoint.transport != Transport::https || port != usual_port(Transport::https))
        text += ":" + std::to_string(port);
    return text + endpoint.path;
}

/// `192.0.2.1` or `[2001:db8::1]`.
std::string address_text(const loom_address& address) {
    auto text = make_endpoint(address).text;
    return text.substr(0, text.rfind(':'));
}

}  // namespace

bool is_host_name(std::string_view text) {
    if (text.ends_with('.')) text.remove_suffix(1);
    if (text.empty() || text.size() > name_max) return false;
    std::string_view last;
    for (;;) {
        const auto dot = std::min(text.find('.'), text.size());
        last = text.substr(0, dot);
        if (!is_label(last)) return false;
        if (dot == text.size()) break;
        text.remove_prefix(dot + 1);
    }
    return std::ranges::any_of(last, [](char c) { return c > '9'; });
}

std::expected<Endpoint, std::string> parse_upstream(std::string_view text) {
    auto rest = text;
    Endpoint endpoint;
    endpoint.transport = take_scheme(rest);
    if (rest.find("://") != std::string_view::npos)
        return wrong(text, "has a scheme other than tls:// and https://");
    const auto parts = split(rest);
    if (!parts) return wrong(text, "is no upstream");
    if (const auto why = misplaced(*parts, endpoint.transport); !why.empty())
        return wrong(text, why);

    const auto address = parse_address(parts->host);
    const bool is_name = !address && !parts->bracketed && is_host_name(parts->host);
    if (!is_name && (!address || (parts->bracketed && address->family != 6)))
        return wrong(text, "is neither an address nor a host name");
    if (address) endpoint.address = *address;
    if (is_name) endpoint.host = lower_name(parts->host);

    endpoint.address.port = usual_port(endpoint.transport);
    if (parts->has_port) {
        const auto port = whole_number<std::uint16_t>(parts->port);
        if (!port || *port == 0) return wrong(text, "has no port from 1 to 65535");
        endpoint.address.port = *port;
    }
    if (endpoint.transport == Transport::https)
        endpoint.path = parts->path.empty() ? "/dns-query" : std::string{parts->path};
    if (parts->has_server_name) endpoint.server_name = lower_name(parts->server_name);
    endpoint.text = describe(endpoint, is_name ? endpoint.host : address_text(endpoint.address));
    return endpoint;
}

}  // namespace loom::forward
