// SPDX-License-Identifier: Apache-2.0
#include "prefix.hpp"

#include <dnsloom/dns/ip_network.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace loom::dns64 {
namespace {

// Octet 8 is kept free of addresses (RFC 4291 section 2.5.1 has two bits there).
constexpr std::size_t free_octet = 8;
constexpr std::array<unsigned, 6> lengths{32, 40, 48, 56, 64, 96};

constexpr std::size_t nibbles = 32;
constexpr std::uint8_t ip6_arpa[] = {3, 'i', 'p', '6', 4, 'a', 'r', 'p', 'a', 0};
constexpr std::uint8_t in_addr_arpa[] = {
    7, 'i', 'n', '-', 'a', 'd', 'd', 'r', 4, 'a', 'r', 'p', 'a', 0};

std::optional<std::uint8_t> nibble(std::uint8_t letter) {
    if (letter >= '0' && letter <= '9') return static_cast<std::uint8_t>(letter - '0');
    if (letter >= 'a' && letter <= 'f') return static_cast<std::uint8_t>(letter - 'a' + 10);
    return std::nullopt;
}

}  // namespace

std::expected<Prefix, std::string> Prefix::parse(std::string_view text) {
    const auto network = dns::parse_network(text);
    if (!network) return std::unexpected{network.error()};
    const bool is_ipv6 = text.find(':') != std::string_view::npos;
    if (!is_ipv6 || std::ranges::find(lengths, network->prefix) == lengths.end()) {
        return std::unexpected{fmt::format(
            "\"{}\" is no prefix for IPv4 addresses: write an IPv6 one of 32, 40, 48, 56, 64 or 96 "
            "bits, such as 64:ff9b::/96",
            text)};
    }
    Prefix prefix;
    prefix.octets_ = network->first.octets();
    prefix.size_ = network->prefix / 8;
    if (prefix.octets_[free_octet] != 0) {
        return std::unexpected{fmt::format(
            "\"{}\" has bits set between 64 and 71: choose a prefix where they are 0", text)};
    }
    return prefix;
}

Ipv6 Prefix::embed(std::span<const std::uint8_t, 4> address) const {
    Ipv6 out = octets_;
    std::size_t at = size_;
    for (const std::uint8_t octet : address) {
        if (at == free_octet) ++at;
        out[at++] = octet;
    }
    return out;
}

std::optional<Ipv4> Prefix::extract(const Ipv6& address) const {
    if (std::memcmp(address.data(), octets_.data(), size_) != 0 || address[free_octet] != 0)
        return std::nullopt;
    Ipv4 out{};
    std::size_t at = size_;
    for (std::uint8_t& octet : out) {
        if (at == free_octet) ++at;
        octet = address[at++];
    }
    return out;
}

std::optional<Ipv6> read_ip6_arpa(std::span<const std::uint8_t> name) {
    if (name.size() != 2 * nibbles + sizeof ip6_arpa) return std::nullopt;
    if (std::memcmp(name.data() + 2 * nibbles, ip6_arpa, sizeof ip6_arpa) != 0) return std::nullopt;
    Ipv6 out{};
    for (std::size_t i = 0; i < nibbles; ++i) {
        const auto value = nibble(name[2 * i + 1]);
        if (name[2 * i] != 1 || !value) return std::nullopt;
        std::uint8_t& octet = out[(nibbles - 1 - i) / 2];
        octet = static_cast<std::uint8_t>(octet | (i % 2 == 0 ? *value : *value << 4U));
    }
    return out;
}

InAddrArpa::InAddrArpa(const Ipv4& address) {
    for (std::size_t i = address.size(); i-- > 0;) {
        const auto end = fmt::format_to(data.begin() + size + 1, "{}", address[i]);
        data[size] = static_cast<std::uint8_t>(end - data.begin() - size - 1);
        size += std::size_t{1} + data[size];
    }
    std::ranges::copy(in_addr_arpa, data.begin() + size);
    size += sizeof in_addr_arpa;
}

}  // namespace loom::dns64
