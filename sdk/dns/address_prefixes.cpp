// SPDX-License-Identifier: Apache-2.0
// APL, lists of address prefixes (RFC 3123).
#include "rdata_codecs.hpp"
#include "rdata_parser.hpp"

#include <dnsloom/dns/address_text.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace loom::dns {
namespace {

constexpr std::size_t header_size = 4;  // Family, prefix length, and negation with the size.
constexpr unsigned negation = 0x80;

struct Family {
    std::uint16_t code;
    std::size_t size;
};

const Family* find_family(std::uint16_t code) {
    static constexpr std::array families{Family{1, 4}, Family{2, 16}};
    const auto* found = std::ranges::find(families, code, &Family::code);
    return found != families.end() ? found : nullptr;
}

struct Prefix {
    const Family* family = nullptr;
    unsigned length = 0;
    bool negated = false;
    std::array<std::uint8_t, 16> address{};
};

// `[!]family:address/length`.
bool parse_prefix(std::string_view text, Prefix& prefix) {
    prefix.negated = text.starts_with('!');
    if (prefix.negated) text.remove_prefix(1);
    if (text.starts_with("1:")) {
        prefix.family = find_family(1);
    } else if (text.starts_with("2:")) {
        prefix.family = find_family(2);
    } else {
        return false;
    }
    text.remove_prefix(2);
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return false;

    const std::string_view length = text.substr(slash + 1);
    const auto [end, error] =
        std::from_chars(length.data(), length.data() + length.size(), prefix.length);
    if (error != std::errc{} || end != length.data() + length.size() ||
        prefix.length > prefix.family->size * 8) {
        return false;
    }
    if (prefix.family->code == 1) {
        const auto address = parse_ipv4(text.substr(0, slash));
        if (!address) return false;
        std::ranges::copy(*address, prefix.address.begin());
        return true;
    }
    const auto address = parse_ipv6(text.substr(0, slash));
    if (!address) return false;
    prefix.address = *address;
    return true;
}

}  // namespace

RdataCheck check_address_prefixes(std::span<const std::uint8_t> octets) {
    while (!octets.empty()) {
        if (octets.size() < header_size) return std::unexpected{RdataErrc::truncated};
        const Family* family = find_family(load_u16(octets.data()));
        const std::size_t size = octets[3] & ~negation;
        if (family == nullptr || octets[2] > family->size * 8 || size > family->size) {
            return std::unexpected{RdataErrc::bad_value};
        }
        if (octets.size() - header_size < size) return std::unexpected{RdataErrc::truncated};
        // Zeros at the end are not sent (RFC 3123 section 4).
        if (size != 0 && octets[header_size + size - 1] == 0) {
            return std::unexpected{RdataErrc::bad_value};
        }
        octets = octets.subspan(header_size + size);
    }
    return {};
}

void append_address_prefixes(std::span<const std::uint8_t> octets, std::string& out) {
    bool first = true;
    while (!octets.empty()) {
        const std::size_t size = octets[3] & ~negation;
        std::array<std::uint8_t, 16> address{};
        std::ranges::copy(octets.subspan(header_size, size), address.begin());
        if (!first) out += ' ';
        first = false;
        if ((octets[3] & negation) != 0) out += '!';
        const bool ipv4 = load_u16(octets.data()) == 1;
        out += ipv4 ? "1:" : "2:";
        if (ipv4) {
            append_ipv4(std::span{address}.first<4>(), out);
        } else {
            append_ipv6(address, out);
        }
        out += '/';
        out += std::to_string(octets[2]);
        octets = octets.subspan(header_size + size);
    }
}

bool RdataParser::put_address_prefixes() {
    ZoneToken token = next();
    for (; token.is_text(); token = next()) {
        Prefix prefix;
        if (!token.is_word() || !parse_prefix(token.text, prefix)) {
            return fail("[!]1:IPv4/LENGTH or [!]2:IPv6/LENGTH", token);
        }
        std::size_t size = prefix.family->size;
        while (size != 0 && prefix.address[size - 1] == 0) --size;
        const unsigned flags = prefix.negated ? negation : 0;
        if (!out_->put_u16(prefix.family->code) || !out_->put_u8(prefix.length) ||
            !out_->put_u8(flags | static_cast<unsigned>(size)) ||
            !out_->put(std::span{prefix.address}.first(size))) {
            return fail_size(token);
        }
    }
    return token.kind == ZoneToken::Kind::end;
}

}  // namespace loom::dns
