// SPDX-License-Identifier: Apache-2.0
// The keys of service parameters and the form of each value (RFC 9460 section 14.3.2).
#include "rdata_codecs.hpp"
#include "service_params.hpp"

#include <dnsloom/dns/address_text.hpp>
#include <dnsloom/dns/base_encoding.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace loom::dns {
namespace {

constexpr std::array<std::string_view, 9> key_names{
    "mandatory",
    "alpn",
    "no-default-alpn",
    "port",
    "ipv4hint",
    "ech",
    "ipv6hint",
    "dohpath",
    "ohttp"};

constexpr std::string_view generic_prefix = "key";

std::optional<std::uint16_t> parse_u16(std::string_view text) {
    std::uint16_t value = 0;
    if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

void put_u16(std::uint16_t value, std::string& out) {
    out += static_cast<char>(value >> 8U);
    out += static_cast<char>(value & 0xFFU);
}

// One item of a comma-separated list. In the list `\,` and `\\` stand for themselves (RFC 9460
// appendix A.1). Returns whether there was an item.
bool next_list_item(std::string_view& list, std::string& item) {
    if (list.empty()) return false;
    item.clear();
    while (!list.empty() && list[0] != ',') {
        if (list[0] == '\\') {
            list.remove_prefix(1);
            if (list.empty() || (list[0] != ',' && list[0] != '\\')) return false;
        }
        item += list[0];
        list.remove_prefix(1);
    }
    if (list.empty()) return true;
    list.remove_prefix(1);
    // A comma at the very end would have an empty item after it.
    return !list.empty();
}

// Calls `put` for each item; false when it says so for one, or the list is not well formed.
template <typename Put>
bool parse_list(std::string_view list, Put put) {
    std::string item;
    do {
        if (!next_list_item(list, item) || item.empty() || !put(std::string_view{item}))
            return false;
    } while (!list.empty());
    return true;
}

bool parse_mandatory(std::string_view text, std::string& out) {
    std::vector<std::uint16_t> keys;
    const bool parsed = parse_list(text, [&](std::string_view item) {
        const auto key = service_key_from_text(item);
        if (key) keys.push_back(*key);
        return key.has_value();
    });
    if (!parsed) return false;
    std::ranges::sort(keys);
    for (const std::uint16_t key : keys) put_u16(key, out);
    return true;
}

bool parse_alpn(std::string_view text, std::string& out) {
    return parse_list(text, [&](std::string_view item) {
        if (item.size() > 255) return false;
        out += static_cast<char>(item.size());
        out += item;
        return true;
    });
}

template <auto parse>
bool parse_hints(std::string_view text, std::string& out) {
    return parse_list(text, [&](std::string_view item) {
        const auto address = parse(item);
        if (address) out.append(address->begin(), address->end());
        return address.has_value();
    });
}

bool is_mandatory(std::span<const std::uint8_t> value) {
    if (value.empty() || value.size() % 2 != 0) return false;
    int before = 0;  // Which is "mandatory" itself, and must not be listed.
    for (std::size_t at = 0; at != value.size(); at += 2) {
        const int key = load_u16(value.data() + at);
        if (key <= before) return false;
        before = key;
    }
    return true;
}

bool is_alpn(std::span<const std::uint8_t> value) {
    if (value.empty()) return false;
    while (!value.empty()) {
        const std::size_t size = value[0];
        if (size == 0 || size >= value.size()) return false;
        value = value.subspan(size + 1);
    }
    return true;
}

// A relative URI template with the variable "dns" (RFC 9461 section 5).
bool is_dohpath(std::span<const std::uint8_t> value) {
    const std::string_view path{reinterpret_cast<const char*>(value.data()), value.size()};
    const std::size_t variable = path.find("dns");
    return path.starts_with('/') && variable != std::string_view::npos &&
           path.substr(0, variable).contains('{') && path.substr(variable).contains('}');
}

void append_alpn(std::span<const std::uint8_t> value, std::string& out) {
    std::string list;
    while (!value.empty()) {
        const std::size_t size = value[0];
        if (!list.empty()) list += ',';
        for (const std::uint8_t octet : value.subspan(1, size)) {
            if (octet == ',' || octet == '\\') list += '\\';
            list += static_cast<char>(octet);
        }
        value = value.subspan(size + 1);
    }
    append_quoted({reinterpret_cast<const std::uint8_t*>(list.data()), list.size()}, out);
}

}  // namespace

std::optional<std::uint16_t> service_key_from_text(std::string_view text) {
    const auto* known = std::ranges::find(key_names, text);
    if (known != key_names.end()) return static_cast<std::uint16_t>(known - key_names.begin());
    if (!text.starts_with(generic_prefix)) return std::nullopt;
    return parse_u16(text.substr(generic_prefix.size()));
}

bool is_generic_service_key(std::string_view text) { return text.starts_with(generic_prefix); }

void append_service_key(std::uint16_t key, std::string& out) {
    if (key < key_names.size()) {
        out += key_names[key];
        return;
    }
    out += generic_prefix;
    out += std::to_string(key);
}

bool is_service_value(std::uint16_t key, std::span<const std::uint8_t> value) {
    switch (static_cast<ServiceKey>(key)) {
    case ServiceKey::mandatory:
        return is_mandatory(value);
    case ServiceKey::alpn:
        return is_alpn(value);
    case ServiceKey::no_default_alpn:
    case ServiceKey::ohttp:
        return value.empty();
    case ServiceKey::port:
        return value.size() == 2;
    case ServiceKey::ipv4hint:
        return !value.empty() && value.size() % 4 == 0;
    case ServiceKey::ech:
        return !value.empty();
    case ServiceKey::ipv6hint:
        return !value.empty() && value.size() % 16 == 0;
    case ServiceKey::dohpath:
        return is_dohpath(value);
    }
    return true;
}

void append_service_value(
    std::uint16_t key, std::span<const std::uint8_t> value, std::string& out) {
    if (value.empty()) return;
    out += '=';
    switch (static_cast<ServiceKey>(key)) {
    case ServiceKey::mandatory:
        for (std::size_t at = 0; at != value.size(); at += 2) {
            if (at != 0) out += ',';
            append_service_key(load_u16(value.data() + at), out);
        }
        return;
    case ServiceKey::alpn:
        append_alpn(value, out);
        return;
    case ServiceKey::port:
        out += std::to_string(load_u16(value.data()));
        return;
    case ServiceKey::ipv4hint:
        for (std::size_t at = 0; at != value.size(); at += 4) {
            if (at != 0) out += ',';
            append_ipv4(value.subspan(at).first<4>(), out);
        }
        return;
    case ServiceKey::ipv6hint:
        for (std::size_t at = 0; at != value.size(); at += 16) {
            if (at != 0) out += ',';
            append_ipv6(value.subspan(at).first<16>(), out);
        }
        return;
    case ServiceKey::ech:
        append_base(Base::base64, value, out);
        return;
    default:
        append_quoted(value, out);
        return;
    }
}

std::string_view expected_service_value(std::uint16_t key) {
    switch (static_cast<ServiceKey>(key)) {
    case ServiceKey::mandatory:
        return "other keys, each once, with commas between them";
    case ServiceKey::alpn:
        return "protocol names of 1..255 octets with commas between them";
    case ServiceKey::no_default_alpn:
    case ServiceKey::ohttp:
        return "no value";
    case ServiceKey::port:
        return "0..65535";
    case ServiceKey::ipv4hint:
        return "IPv4 addresses with commas between them";
    case ServiceKey::ech:
        return "base64 text";
    case ServiceKey::ipv6hint:
        return "IPv6 addresses with commas between them";
    case ServiceKey::dohpath:
        return "a path such as \"/dns-query{?dns}\"";
    }
    return "octets";
}

bool parse_service_value(std::uint16_t key, std::string_view text, std::string& out) {
    switch (static_cast<ServiceKey>(key)) {
    case ServiceKey::mandatory:
        return parse_mandatory(text, out);
    case ServiceKey::alpn:
        return parse_alpn(text, out);
    case ServiceKey::port: {
        const auto port = parse_u16(text);
        if (port) put_u16(*port, out);
        return port.has_value();
    }
    case ServiceKey::ipv4hint:
        return parse_hints<parse_ipv4>(text, out);
    case ServiceKey::ipv6hint:
        return parse_hints<parse_ipv6>(text, out);
    case ServiceKey::ech: {
        const auto octets = decode_base(Base::base64, text);
        if (octets) out.append(octets->begin(), octets->end());
        return octets.has_value();
    }
    default:
        out += text;
        return true;
    }
}

}  // namespace loom::dns
