// SPDX-License-Identifier: Apache-2.0
// The options of OPT records: their list, and those that have a form.
#include <dnsloom/dns/edns.hpp>

#include <algorithm>

namespace loom::dns {
namespace {

constexpr std::size_t option_header_size = 4;
constexpr std::size_t options_size_max = 65535;

std::optional<std::size_t> address_size(std::uint16_t family) {
    switch (family) {
    case 0:
        return 0;
    case ClientSubnet::family_ipv4:
        return 4;
    case ClientSubnet::family_ipv6:
        return 16;
    default:
        return std::nullopt;
    }
}

constexpr std::size_t octets_of_prefix(std::size_t bits) { return (bits + 7) / 8; }

// The bits of the last octet of a prefix that are not of the prefix.
constexpr unsigned bits_behind(std::size_t prefix) { return 0xFFU >> ((prefix - 1) % 8 + 1); }

}  // namespace

std::optional<EdnsOptions> EdnsOptions::check(std::span<const std::uint8_t> octets) {
    Reader reader{octets};
    while (reader.remaining() != 0) {
        reader.skip(2);
        reader.skip(reader.u16());
    }
    if (!reader.ok()) return std::nullopt;
    return EdnsOptions{octets};
}

std::optional<std::span<const std::uint8_t>> EdnsOptions::find(std::uint16_t code) const {
    for (const EdnsOption option : *this) {
        if (option.code == code) return option.data;
    }
    return std::nullopt;
}

std::expected<ExtendedError, OptionErrc> ExtendedError::read(std::span<const std::uint8_t> data) {
    if (data.size() < 2) return std::unexpected{OptionErrc::bad_size};
    const auto text = data.subspan(2);
    ExtendedError error;
    error.info_code = load_u16(data.data());
    error.extra_text = {reinterpret_cast<const char*>(text.data()), text.size()};
    return error;
}

std::expected<ClientSubnet, OptionErrc> ClientSubnet::read(std::span<const std::uint8_t> data) {
    Reader reader{data};
    ClientSubnet subnet;
    subnet.family = reader.u16();
    subnet.source_prefix = reader.u8();
    subnet.scope_prefix = reader.u8();
    if (!reader.ok()) return std::unexpected{OptionErrc::bad_size};
    const auto size_max = address_size(subnet.family);
    if (!size_max || std::max(subnet.source_prefix, subnet.scope_prefix) > *size_max * 8) {
        return std::unexpected{OptionErrc::bad_value};
    }
    const auto octets = reader.rest();
    if (octets.size() != octets_of_prefix(subnet.source_prefix)) {
        return std::unexpected{OptionErrc::bad_size};
    }
    if (!octets.empty() && (octets.back() & bits_behind(subnet.source_prefix)) != 0) {
        return std::unexpected{OptionErrc::bad_value};
    }
    std::ranges::copy(octets, subnet.address.begin());
    return subnet;
}

std::expected<Cookie, OptionErrc> Cookie::read(std::span<const std::uint8_t> data) {
    if (data.size() < client_size) return std::unexpected{OptionErrc::bad_size};
    const auto server = data.subspan(client_size);
    if (!server.empty() && (server.size() < server_size_min || server.size() > server_size_max)) {
        return std::unexpected{OptionErrc::bad_size};
    }
    Cookie cookie;
    std::ranges::copy(data.first(client_size), cookie.client.begin());
    cookie.server = server;
    return cookie;
}

std::expected<TcpKeepalive, OptionErrc> TcpKeepalive::read(std::span<const std::uint8_t> data) {
    if (data.empty()) return TcpKeepalive{};
    if (data.size() != 2) return std::unexpected{OptionErrc::bad_size};
    return TcpKeepalive{Timeout{load_u16(data.data())}};
}

std::optional<std::uint16_t> padding_size(std::size_t size, std::size_t block, std::size_t limit) {
    if (limit < option_header_size || size > limit - option_header_size) return std::nullopt;
    const std::size_t padded = size + option_header_size;
    const std::size_t over = block == 0 ? 0 : padded % block;
    const std::size_t wanted = over == 0 ? 0 : block - over;
    return static_cast<std::uint16_t>(
        std::min({wanted, limit - padded, options_size_max - option_header_size}));
}

bool OptionsWriter::add(std::uint16_t code, std::span<const std::uint8_t> data) {
    if (!begin(code, data.size())) return false;
    writer_.bytes(data);
    return true;
}

bool OptionsWriter::add(const ExtendedError& error) {
    if (!begin(option_code::extended_error, 2 + error.extra_text.size())) return false;
    writer_.u16(error.info_code);
    writer_.bytes(
        {reinterpret_cast<const std::uint8_t*>(error.extra_text.data()), error.extra_text.size()});
    return true;
}

bool OptionsWriter::add(const ClientSubnet& subnet) {
    const std::size_t size =
        std::min(octets_of_prefix(subnet.source_prefix), subnet.address.size());
    if (!begin(option_code::client_subnet, 4 + size)) return false;
    writer_.u16(subnet.family);
    writer_.u8(subnet.source_prefix);
    writer_.u8(subnet.scope_prefix);
    writer_.bytes(std::span{subnet.address}.first(size));
    return true;
}

bool OptionsWriter::add(const Cookie& cookie) {
    if (!begin(option_code::cookie, cookie.client.size() + cookie.server.size())) return false;
    writer_.bytes(cookie.client);
    writer_.bytes(cookie.server);
    return true;
}

bool OptionsWriter::add(const TcpKeepalive& keepalive) {
    if (!begin(option_code::tcp_keepalive, keepalive.timeout ? 2 : 0)) return false;
    if (keepalive.timeout) writer_.u16(keepalive.timeout->count());
    return true;
}

bool OptionsWriter::add_padding(std::uint16_t size) {
    if (!begin(option_code::padding, size)) return false;
    writer_.zeros(size);
    return true;
}

// Makes sure that all of the option fits, then writes what comes before its data.
bool OptionsWriter::begin(std::uint16_t code, std::size_t data_size) {
    const std::size_t room = std::min(writer_.room(), options_size_max - writer_.size());
    if (room < option_header_size || room - option_header_size < data_size) return false;
    writer_.u16(code);
    writer_.u16(static_cast<std::uint16_t>(data_size));
    return true;
}

}  // namespace loom::dns
