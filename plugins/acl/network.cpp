// SPDX-License-Identifier: Apache-2.0
// Networks between text and bits.

#include "network.hpp"

#include <dnsloom/dns/address_text.hpp>
#include <dnsloom/dns/wire.hpp>

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <span>

namespace loom::acl {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned mapped_length = 96;

std::uint64_t load_u64(const std::uint8_t* at) {
    return std::uint64_t{dns::load_u32(at)} << 32U | dns::load_u32(at + 4);
}

Address from_octets(const std::uint8_t* ip) {
    if (std::memcmp(ip, mapped_prefix.data(), mapped_prefix.size()) == 0)
        return {Family::ipv4, {std::uint64_t{dns::load_u32(ip + mapped_prefix.size())} << 32U, 0}};
    return {Family::ipv6, {load_u64(ip), load_u64(ip + 8)}};
}

void clear_behind(AddressBits& bits, unsigned length) {
    constexpr std::uint64_t all = ~std::uint64_t{0};
    if (length == 0) bits.high = 0;
    if (length < 64 && length > 0) bits.high &= all << (64 - length);
    if (length <= 64) bits.low = 0;
    if (length > 64 && length < 128) bits.low &= all << (128 - length);
}

std::optional<unsigned> parse_length(std::string_view text, unsigned most) {
    unsigned length = 0;
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, length);
    if (error != std::errc{} || at != end || length > most) return std::nullopt;
    return length;
}

std::unexpected<std::string> malformed(std::string_view text) {
    return std::unexpected{fmt::format(
        "\"{}\" is no network: write an address such as 192.0.2.1, or a prefix such as "
        "192.0.2.0/24 or 2001:db8::/32",
        text)};
}

}  // namespace

Address Address::of(const loom_address& address) { return from_octets(address.ip); }

std::expected<Network, std::string> Network::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string_view host = text.substr(0, slash);
    const auto ipv4 = dns::parse_ipv4(host);
    const auto ipv6 = ipv4 ? std::nullopt : dns::parse_ipv6(host);
    if (!ipv4 && !ipv6) return malformed(text);

    const unsigned most = ipv4 ? 32 : 128;
    unsigned length = most;
    if (slash != text.npos) {
        const auto given = parse_length(text.substr(slash + 1), most);
        if (!given) return malformed(text);
        length = *given;
    }
    Address address;
    if (ipv4) {
        address = {Family::ipv4, {std::uint64_t{dns::load_u32(ipv4->data())} << 32U, 0}};
    } else {
        address = from_octets(ipv6->data());
        // A prefix of all mapped addresses and more stays what it was written as.
        if (address.family == Family::ipv4 && length < mapped_length)
            address = {Family::ipv6, {load_u64(ipv6->data()), load_u64(ipv6->data() + 8)}};
        else if (address.family == Family::ipv4)
            length -= mapped_length;
    }
    clear_behind(address.bits, length);
    return Network{address.family, address.bits, static_cast<std::uint8_t>(length)};
}

}  // namespace loom::acl
