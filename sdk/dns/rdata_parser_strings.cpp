// SPDX-License-Identifier: Apache-2.0
// Reads the rdata fields that are strings of octets: quoted, or in hex, base32hex and base64.
#include "rdata_parser.hpp"

#include <algorithm>
#include <cstring>

namespace loom::dns {
namespace {

constexpr std::size_t char_string_size_max = 255;

bool is_alphanumeric(char c) {
    const int lower = c | 0x20;
    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
}

}  // namespace

std::ptrdiff_t RdataParser::decode(const ZoneToken& token, std::size_t max, std::uint8_t* room) {
    if (!token.escaped) {
        if (token.text.size() > max) {
            fail("at most " + std::to_string(max) + " octets", token);
            return -1;
        }
        if (!token.text.empty()) std::memcpy(room, token.text.data(), token.text.size());
        return static_cast<std::ptrdiff_t>(token.text.size());
    }
    const char* at = token.text.data();
    const char* const end = at + token.text.size();
    std::uint8_t* out = room;
    while (at != end) {
        const int octet = next_octet(at, end);
        if (octet < 0) {
            fail("three digits up to 255 after a \"\\\"", token);
            return -1;
        }
        if (static_cast<std::size_t>(out - room) == max) {
            fail("at most " + std::to_string(max) + " octets", token);
            return -1;
        }
        *out++ = static_cast<std::uint8_t>(octet);
    }
    return out - room;
}

bool RdataParser::put_char_string(const ZoneToken& token) {
    if (!token.is_text()) return fail("a string", token);
    std::uint8_t* const room = out_->room(1);
    if (room == nullptr) return fail_size(token);
    const std::size_t size_max = std::min(char_string_size_max, out_->space() - 1);
    const std::ptrdiff_t size = decode(token, size_max, room + 1);
    if (size < 0) return false;
    *room = static_cast<std::uint8_t>(size);
    out_->commit(static_cast<std::size_t>(size) + 1);
    return true;
}

bool RdataParser::put_char_strings() {
    ZoneToken token = next();
    do {
        if (!put_char_string(token)) return false;
        token = next();
    } while (token.is_text());
    return token.kind == ZoneToken::Kind::end;
}

bool RdataParser::put_optional_char_string() {
    const ZoneToken token = next();
    return token.kind == ZoneToken::Kind::end || put_char_string(token);
}

// The property tag of CAA (RFC 8659 section 4.1).
bool RdataParser::put_tag() {
    const ZoneToken token = next();
    const std::string_view text = token.is_word() ? token.text : std::string_view{};
    if (text.empty() || text.size() > char_string_size_max ||
        !std::ranges::all_of(text, is_alphanumeric)) {
        return fail("1..255 letters and digits", token);
    }
    return put_char_string(token);
}

bool RdataParser::put_text() {
    const ZoneToken token = next();
    if (!token.is_text()) return fail("a quoted string", token);
    const std::ptrdiff_t size = decode(token, out_->space(), out_->room(0));
    if (size < 0) return false;
    out_->commit(static_cast<std::size_t>(size));
    return true;
}

bool RdataParser::put_word(Base base, const ZoneToken& token) {
    BaseDecoder decoder{base};
    std::uint8_t* const room = out_->room(decoder.size_max(token.text.size()));
    if (room == nullptr) return fail_size(token);
    const auto size = token.is_word() ? decoder.feed(token.text, room) : std::nullopt;
    if (!size || !decoder.finish()) {
        return fail(base == Base::hex ? "an even number of hex digits" : "base64 text", token);
    }
    out_->commit(*size);
    return true;
}

// Digits to the end of the record, in as many words as the writer liked.
bool RdataParser::put_digits(Base base, Presence presence) {
    const std::string_view expected = base == Base::hex ? "hex digits" : "base64 text";
    BaseDecoder decoder{base};
    ZoneToken token = next();
    if (!token.is_word() && presence == Presence::needed) return fail(expected, token);
    for (; token.is_word(); token = next()) {
        std::uint8_t* const room = out_->room(decoder.size_max(token.text.size()));
        if (room == nullptr) return fail_size(token);
        const auto size = decoder.feed(token.text, room);
        if (!size) return fail(expected, token);
        out_->commit(*size);
    }
    if (token.kind != ZoneToken::Kind::end) return fail(expected, token);
    if (decoder.finish()) return true;
    return fail_with(
        base == Base::hex ? "the number of hex digits is odd"
                          : "the base64 text is cut off or padded wrongly",
        token);
}

bool RdataParser::put_salt() {
    const ZoneToken token = next();
    if (token.is_word() && token.text == "-") return out_->put_u8(0);
    if (!token.is_word() || token.text.size() > 2 * char_string_size_max) {
        return fail("\"-\" or up to 510 hex digits", token);
    }
    return out_->put_u8(static_cast<unsigned>(token.text.size() / 2)) && put_word(Base::hex, token);
}

bool RdataParser::put_hash() {
    const ZoneToken token = next();
    BaseDecoder decoder{Base::base32hex};
    std::uint8_t* const room = out_->room(1 + decoder.size_max(token.text.size()));
    if (room == nullptr) return fail_size(token);
    const auto size = token.is_word() ? decoder.feed(token.text, room + 1) : std::nullopt;
    if (!size || *size > char_string_size_max || !decoder.finish()) {
        return fail("a hash in base32hex without padding", token);
    }
    *room = static_cast<std::uint8_t>(*size);
    out_->commit(*size + 1);
    return true;
}

}  // namespace loom::dns
