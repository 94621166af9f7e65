// SPDX-License-Identifier: Apache-2.0
#include "option_units.hpp"

#include "codec.hpp"

#include <dnsloom/dns/address_text.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>
#include <stdexcept>
#include <utility>

namespace loom::harness {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t factor;
};

constexpr std::array durations{
    Unit{"ns", 1},
    Unit{"us", 1'000},
    Unit{"ms", 1'000'000},
    Unit{"s", 1'000'000'000},
    Unit{"m", 60'000'000'000},
    Unit{"h", 3'600'000'000'000},
    Unit{"d", 86'400'000'000'000},
    Unit{"w", 604'800'000'000'000}};

constexpr std::array sizes{
    Unit{"", 1},
    Unit{"B", 1},
    Unit{"kB", 1000},
    Unit{"KiB", 1024},
    Unit{"MB", 1'000'000},
    Unit{"MiB", 1 << 20},
    Unit{"GB", 1'000'000'000},
    Unit{"GiB", 1 << 30},
    Unit{"TiB", std::int64_t{1} << 40}};

template <class T>
std::optional<T> take_number(std::string_view& text) {
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// One number and its unit, added to `sum`; false if that is not what stands there.
bool take_quantity(std::string_view& text, std::span<const Unit> units, std::int64_t& sum) {
    if (text.empty() || !is_digit(text.front())) return false;
    const auto number = take_number<std::int64_t>(text);
    if (!number) return false;
    const auto name = text.substr(0, std::min(text.find_first_of("0123456789"), text.size()));
    const auto unit = std::ranges::find(units, name, &Unit::name);
    if (unit == units.end()) return false;
    text.remove_prefix(name.size());
    std::int64_t product = 0;
    return !__builtin_mul_overflow(*number, unit->factor, &product) &&
           !__builtin_add_overflow(sum, product, &sum);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    const auto port = take_number<std::uint16_t>(text);
    return port && *port != 0 && text.empty() ? port : std::nullopt;
}

std::optional<loom_address> parse_address(std::string_view text) {
    loom_address address{};
    if (const auto four = dns::parse_ipv4(text)) {
        address.family = 4;
        address.ip[10] = address.ip[11] = 0xff;
        std::ranges::copy(*four, address.ip + 12);
        return address;
    }
    const auto six = dns::parse_ipv6(text);
    if (!six) return std::nullopt;
    address.family = 6;
    std::ranges::copy(*six, address.ip);
    return address;
}

std::string reverse_name_ipv4(std::span<const std::uint8_t> octets) {
    std::string name;
    for (auto i = octets.size(); i-- > 0;) name += std::to_string(octets[i]) + '.';
    return name + "in-addr.arpa.";
}

std::string reverse_name_ipv6(std::span<const std::uint8_t, 16> octets, unsigned bits) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string name;
    for (unsigned i = bits / 4; i-- > 0;) {
        const unsigned octet = octets[i / 2];
        name += digits[i % 2 == 0 ? octet >> 4U : octet & 15U];
        name += '.';
    }
    return name + "ip6.arpa.";
}

/// The reverse zone of `address/bits`, or nothing.
std::optional<std::string> parse_block(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto address = parse_address(text.substr(0, slash));
    auto length = text.substr(slash + 1);
    const auto bits = take_number<unsigned>(length);
    if (!address || !bits || !length.empty()) return std::nullopt;
    if (address->family == 4) {
        if (*bits > 32 || *bits % 8 != 0) return std::nullopt;
        return reverse_name_ipv4({address->ip + 12, *bits / 8});
    }
    if (*bits > 128 || *bits % 4 != 0) return std::nullopt;
    return reverse_name_ipv6(address->ip, *bits);
}

}  // namespace

std::optional<std::int64_t> parse_duration(std::string_view text) {
    if (text == "0") return 0;
    std::int64_t sum = 0;
    do {
        if (!take_quantity(text, durations, sum)) return std::nullopt;
    } while (!text.empty());
    return sum;
}

std::optional<std::int64_t> parse_size(std::string_view text) {
    std::int64_t sum = 0;
    if (!take_quantity(text, sizes, sum) || !text.empty()) return std::nullopt;
    return sum;
}

std::optional<loom_address> parse_endpoint(std::string_view text) {
    std::string_view host = text;
    std::string_view port;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        host = text.substr(1, end - 1);
        port = text.substr(end + 1);
        if (!port.empty() && port.front() != ':') return std::nullopt;
    } else if (std::ranges::count(text, ':') == 1) {
        host = text.substr(0, text.find(':'));
        port = text.substr(host.size());
    }
    auto address = parse_address(host);
    if (!address || port.empty()) return address;
    const auto number = parse_port(port.substr(1));
    if (!number) return std::nullopt;
    address->port = *number;
    return address;
}

std::optional<std::vector<std::uint8_t>> parse_zone_name(std::string_view text) {
    try {
        const auto block = parse_block(text);
        if (!block && text.find('/') != std::string_view::npos) return std::nullopt;
        return lower(name_from_text(block ? *block : std::string{text}));
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

}  // namespace loom::harness
