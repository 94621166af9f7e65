// SPDX-License-Identifier: Apache-2.0
// The type bitmaps of NSEC, NSEC3 and CSYNC (RFC 4034 section 4.1.2).
#include "mnemonics.hpp"
#include "rdata_codecs.hpp"
#include "rdata_parser.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace loom::dns {
namespace {

constexpr std::size_t windows = 256;
constexpr std::size_t window_size_max = 32;

}  // namespace

RdataCheck check_type_bitmap(std::span<const std::uint8_t> octets) {
    int window_before = -1;
    while (!octets.empty()) {
        if (octets.size() < 2) return std::unexpected{RdataErrc::truncated};
        const int window = octets[0];
        const std::size_t size = octets[1];
        if (window <= window_before || size == 0 || size > window_size_max) {
            return std::unexpected{RdataErrc::bad_value};
        }
        if (octets.size() - 2 < size) return std::unexpected{RdataErrc::truncated};
        if (octets[size + 1] == 0) return std::unexpected{RdataErrc::bad_value};
        window_before = window;
        octets = octets.subspan(size + 2);
    }
    return {};
}

void append_type_bitmap(std::span<const std::uint8_t> octets, std::string& out) {
    bool first = true;
    while (!octets.empty()) {
        const std::size_t size = octets[1];
        for (std::size_t bit = 0; bit != size * 8; ++bit) {
            if ((octets[2 + bit / 8] & 0x80U >> bit % 8) == 0) continue;
            if (!first) out += ' ';
            first = false;
            append_type_mnemonic(
                static_cast<std::uint16_t>(std::size_t{octets[0]} << 8U | bit), out);
        }
        octets = octets.subspan(size + 2);
    }
}

bool RdataParser::put_type_bitmap() {
    std::array<std::uint8_t, windows> sizes{};
    // Zeroed window by window, as most records use one window of the 256.
    std::array<std::array<std::uint8_t, window_size_max>, windows> bits;
    ZoneToken token = next();
    for (; token.is_word(); token = next()) {
        const auto code = lookup_type(token.text);
        if (!code) return fail("record types", token);
        const std::size_t window = *code >> 8U;
        const std::size_t octet = (*code & 0xFFU) / 8;
        if (sizes[window] == 0) bits[window].fill(0);
        sizes[window] = std::max(sizes[window], static_cast<std::uint8_t>(octet + 1));
        bits[window][octet] |= static_cast<std::uint8_t>(0x80U >> *code % 8);
    }
    if (token.kind != ZoneToken::Kind::end) return fail("record types", token);
    for (std::size_t window = 0; window != windows; ++window) {
        const std::size_t size = sizes[window];
        if (size == 0) continue;
        const std::span block{bits[window].data(), size};
        if (!out_->put_u8(static_cast<unsigned>(window)) ||
            !out_->put_u8(static_cast<unsigned>(size)) || !out_->put(block)) {
            return fail_size(token);
        }
    }
    return true;
}

}  // namespace loom::dns
