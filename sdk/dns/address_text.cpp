// SPDX-License-Identifier: Apache-2.0
// IP addresses between text and octets.
#include <dnsloom/dns/address_text.hpp>

#include <cstddef>
#include <cstring>

namespace loom::dns {
namespace {

constexpr std::size_t groups_max = 8;

void append_decimal(unsigned value, std::string& out) {
    if (value >= 100) out += static_cast<char>('0' + value / 100);
    if (value >= 10) out += static_cast<char>('0' + value / 10 % 10);
    out += static_cast<char>('0' + value % 10);
}

void append_group(unsigned value, std::string& out) {
    bool started = false;
    for (unsigned shift = 16; shift != 0;) {
        shift -= 4;
        const unsigned digit = value >> shift & 15U;
        started = started || digit != 0 || shift == 0;
        if (started) out += "0123456789abcdef"[digit];
    }
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const int lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

struct ZeroRun {
    std::size_t begin = 0;
    std::size_t size = 0;
};

// The first of the longest runs of zero groups; a single group is not shortened.
ZeroRun longest_zero_run(std::span<const unsigned, groups_max> groups) {
    ZeroRun best;
    ZeroRun run;
    for (std::size_t i = 0; i != groups_max; ++i) {
        if (groups[i] != 0) {
            run = {};
            continue;
        }
        if (run.size == 0) run.begin = i;
        ++run.size;
        if (run.size > best.size) best = run;
    }
    return best.size > 1 ? best : ZeroRun{};
}

}  // namespace

std::optional<std::array<std::uint8_t, 4>> parse_ipv4(std::string_view text) {
    std::array<std::uint8_t, 4> address{};
    const char* at = text.data();
    const char* const end = at + text.size();
    for (std::size_t i = 0; i != 4; ++i) {
        if (i != 0 && (at == end || *at++ != '.')) return std::nullopt;
        const char* const begin = at;
        unsigned value = 0;
        while (at != end && static_cast<unsigned>(*at - '0') <= 9) {
            value = value * 10 + static_cast<unsigned>(*at++ - '0');
            if (value > 255) return std::nullopt;
        }
        if (at == begin || (*begin == '0' && at - begin > 1)) return std::nullopt;
        address[i] = static_cast<std::uint8_t>(value);
    }
    if (at != end) return std::nullopt;
    return address;
}

std::optional<std::array<std::uint8_t, 16>> parse_ipv6(std::string_view text) {
    std::array<std::uint8_t, 16> address{};
    std::size_t filled = 0;
    std::optional<std::size_t> gap;  // Octets before "::".
    const char* at = text.data();
    const char* const end = at + text.size();

    if (at != end && *at == ':') {
        if (end - at < 2 || at[1] != ':') return std::nullopt;
        at += 2;
        gap = 0;
    }
    while (at != end) {
        if (filled == address.size()) return std::nullopt;
        const char* const begin = at;
        unsigned value = 0;
        int digit = -1;
        while (at != end && at - begin < 5 && (digit = hex_digit(*at)) >= 0) {
            value = value << 4U | static_cast<unsigned>(digit);
            ++at;
        }
        if (at != end && *at == '.') {
            const auto tail = parse_ipv4({begin, static_cast<std::size_t>(end - begin)});
            if (!tail || filled > address.size() - 4) return std::nullopt;
            std::memcpy(address.data() + filled, tail->data(), 4);
            filled += 4;
            break;
        }
        if (at == begin || at - begin > 4) return std::nullopt;
        address[filled++] = static_cast<std::uint8_t>(value >> 8U);
        address[filled++] = static_cast<std::uint8_t>(value);
        if (at == end) break;
        if (*at++ != ':' || at == end) return std::nullopt;
        if (*at == ':') {
            if (gap) return std::nullopt;
            gap = filled;
            ++at;
        }
    }

    if (!gap) return filled == address.size() ? std::optional{address} : std::nullopt;
    if (filled == address.size()) return std::nullopt;
    const std::size_t tail = filled - *gap;
    std::memmove(address.data() + address.size() - tail, address.data() + *gap, tail);
    std::memset(address.data() + *gap, 0, address.size() - filled);
    return address;
}

void append_ipv4(std::span<const std::uint8_t, 4> address, std::string& out) {
    for (std::size_t i = 0; i != address.size(); ++i) {
        if (i != 0) out += '.';
        append_decimal(address[i], out);
    }
}

void append_ipv6(std::span<const std::uint8_t, 16> address, std::string& out) {
    std::array<unsigned, groups_max> groups{};
    for (std::size_t i = 0; i != groups_max; ++i) {
        groups[i] = static_cast<unsigned>(address[2 * i]) << 8U | address[2 * i + 1];
    }
    const ZeroRun run = longest_zero_run(groups);

    // IPv4-mapped addresses show their IPv4 part (RFC 5952 section 5).
    if (run.begin == 0 && run.size == 5 && groups[5] == 0xFFFF) {
        out += "::ffff:";
        append_ipv4(address.last<4>(), out);
        return;
    }
    for (std::size_t i = 0; i != groups_max; ++i) {
        if (run.size != 0 && i == run.begin) {
            out += "::";
            i += run.size - 1;
            continue;
        }
        if (i != 0 && (run.size == 0 || i != run.begin + run.size)) out += ':';
        append_group(groups[i], out);
    }
}

}  // namespace loom::dns
