// SPDX-License-Identifier: Apache-2.0
// Rdata in wire format to text, guided by the field table.
#include "mnemonics.hpp"
#include "rdata_codecs.hpp"
#include "zone_time.hpp"

#include <dnsloom/dns/address_text.hpp>
#include <dnsloom/dns/base_encoding.hpp>
#include <dnsloom/dns/rdata_fields.hpp>

namespace loom::dns {
namespace {

void append_strings(std::span<const std::uint8_t> octets, std::string& out) {
    bool first = true;
    while (!octets.empty()) {
        if (!first) out += ' ';
        first = false;
        const std::size_t size = octets[0];
        append_quoted(octets.subspan(1, size), out);
        octets = octets.subspan(size + 1);
    }
}

void append_groups(
    std::span<const std::uint8_t> octets, std::size_t group, char separator, std::string& out) {
    for (std::size_t at = 0; at != octets.size(); ++at) {
        if (at != 0 && at % group == 0) out += separator;
        constexpr std::string_view digits = "0123456789abcdef";
        out += digits[octets[at] >> 4U];
        out += digits[octets[at] & 15U];
    }
}

void append_piece(FieldKind kind, std::span<const std::uint8_t> octets, std::string& out) {
    switch (kind) {
    case FieldKind::u8:
    case FieldKind::algorithm:
        out += std::to_string(octets[0]);
        return;
    case FieldKind::u16:
    case FieldKind::cert_type:
        out += std::to_string(load_u16(octets.data()));
        return;
    case FieldKind::u32:
    case FieldKind::ttl:
        out += std::to_string(load_u32(octets.data()));
        return;
    case FieldKind::time:
        append_timestamp(load_u32(octets.data()), out);
        return;
    case FieldKind::type:
        append_type_mnemonic(load_u16(octets.data()), out);
        return;
    case FieldKind::ipv4:
        append_ipv4(octets.first<4>(), out);
        return;
    case FieldKind::ipv6:
        append_ipv6(octets.first<16>(), out);
        return;
    case FieldKind::name:
    case FieldKind::name_expanded:
    case FieldKind::name_lowered:
    case FieldKind::name_plain:
    case FieldKind::names:
        out += NameView::from_trusted(octets).to_string();
        return;
    case FieldKind::char_string:
    case FieldKind::char_string_opt:
    case FieldKind::char_strings:
        append_strings(octets, out);
        return;
    case FieldKind::tag:
        out.append(octets.begin() + 1, octets.end());
        return;
    case FieldKind::text:
        append_quoted(octets, out);
        return;
    case FieldKind::hex:
        append_base(Base::hex, octets, out);
        return;
    case FieldKind::base64:
    case FieldKind::base64_opt:
        append_base(Base::base64, octets, out);
        return;
    case FieldKind::salt:
        if (octets.size() == 1) {
            out += '-';
        } else {
            append_base(Base::hex, octets.subspan(1), out);
        }
        return;
    case FieldKind::hash:
        append_base(Base::base32hex, octets.subspan(1), out);
        return;
    case FieldKind::locator64:
        append_groups(octets, 2, ':', out);
        return;
    case FieldKind::eui48:
    case FieldKind::eui64:
        append_groups(octets, 1, '-', out);
        return;
    case FieldKind::type_bitmap:
        append_type_bitmap(octets, out);
        return;
    case FieldKind::location:
        append_location(octets, out);
        return;
    case FieldKind::address_prefixes:
        append_address_prefixes(octets, out);
        return;
    case FieldKind::gateway:
        out += '.';
        return;
    case FieldKind::host_identity:
        append_host_identity(octets, out);
        return;
    case FieldKind::service_params:
        append_service_params(octets, out);
        return;
    }
}

}  // namespace

void append_quoted(std::span<const std::uint8_t> octets, std::string& out) {
    out += '"';
    for (const std::uint8_t octet : octets) {
        if (octet < 0x20 || octet >= 0x7F) {
            out += '\\';
            out += static_cast<char>('0' + octet / 100);
            out += static_cast<char>('0' + octet / 10 % 10);
            out += static_cast<char>('0' + octet % 10);
            continue;
        }
        if (octet == '"' || octet == '\\') out += '\\';
        out += static_cast<char>(octet);
    }
    out += '"';
}

std::expected<void, RdataErrc>
append_rdata_text(std::uint16_t type, std::span<const std::uint8_t> rdata, std::string& out) {
    if (rdata_fields(type).empty()) {
        append_generic_rdata_text(rdata, out);
        return {};
    }
    const std::size_t begin = out.size();
    RdataWalk walk{type, rdata};
    for (;;) {
        const auto piece = walk.next();
        if (!piece) {
            out.resize(begin);
            return std::unexpected{piece.error()};
        }
        if (!*piece) return {};
        const auto [kind, offset, size] = **piece;
        // Fields that may be missing leave no space behind when they are.
        if (size == 0 && kind != FieldKind::text && kind != FieldKind::gateway) continue;
        if (out.size() != begin) out += ' ';
        append_piece(kind, rdata.subspan(offset, size), out);
    }
}

void append_generic_rdata_text(std::span<const std::uint8_t> rdata, std::string& out) {
    out += "\\# ";
    out += std::to_string(rdata.size());
    if (rdata.empty()) return;
    out += ' ';
    append_base(Base::hex, rdata, out);
}

std::string rdata_to_text(std::uint16_t type, std::span<const std::uint8_t> rdata) {
    std::string out;
    if (!append_rdata_text(type, rdata, out)) append_generic_rdata_text(rdata, out);
    return out;
}

}  // namespace loom::dns
