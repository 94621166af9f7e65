// SPDX-License-Identifier: Apache-2.0
// Walks rdata in wire format, and what needs no more than that: checks, expansion, canonical form.
#include "rdata_codecs.hpp"

#include <dnsloom/dns/rdata_fields.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace loom::dns {
namespace {

using Size = std::expected<std::size_t, RdataErrc>;

Size fixed(std::span<const std::uint8_t> rest, std::size_t size) {
    if (rest.size() < size) return std::unexpected{RdataErrc::truncated};
    return size;
}

Size counted(std::span<const std::uint8_t> rest, std::size_t size_min) {
    if (rest.empty()) return std::unexpected{RdataErrc::truncated};
    if (rest[0] < size_min) return std::unexpected{RdataErrc::bad_value};
    return fixed(rest, std::size_t{1} + rest[0]);
}

Size all(std::span<const std::uint8_t> rest, RdataCheck checked) {
    if (!checked) return std::unexpected{checked.error()};
    return rest.size();
}

Size not_empty(std::span<const std::uint8_t> rest) {
    if (rest.empty()) return std::unexpected{RdataErrc::truncated};
    return rest.size();
}

RdataErrc errc_of(NameErrc error) {
    switch (error) {
    case NameErrc::truncated:
        return RdataErrc::truncated;
    case NameErrc::compressed:
        return RdataErrc::compressed_name;
    default:
        return RdataErrc::bad_name;
    }
}

Size plain_name(std::span<const std::uint8_t> rest) {
    const auto name = NameView::check(rest);
    if (!name) return std::unexpected{errc_of(name.error())};
    return name->size();
}

Size strings(std::span<const std::uint8_t> rest) {
    if (rest.empty()) return std::unexpected{RdataErrc::truncated};
    for (std::size_t at = 0; at != rest.size();) {
        const Size size = counted(rest.subspan(at), 0);
        if (!size) return size;
        at += *size;
    }
    return rest.size();
}

Size tag(std::span<const std::uint8_t> rest) {
    const Size size = counted(rest, 1);
    if (!size) return size;
    const bool good = std::ranges::all_of(rest.subspan(1, *size - 1), [](std::uint8_t octet) {
        const unsigned lower = octet | 0x20U;
        return (octet >= '0' && octet <= '9') || (lower >= 'a' && lower <= 'z');
    });
    if (!good) return std::unexpected{RdataErrc::bad_value};
    return size;
}

Size host_identity(std::span<const std::uint8_t> rest) {
    if (const std::size_t size = measure_host_identity(rest)) return size;
    return std::unexpected{RdataErrc::truncated};
}

// The field at the front of `rest`. Gateways and lists of names are the walk's own business.
Size measure(FieldKind kind, std::span<const std::uint8_t> rest) {
    switch (kind) {
    case FieldKind::u8:
    case FieldKind::algorithm:
        return fixed(rest, 1);
    case FieldKind::u16:
    case FieldKind::type:
    case FieldKind::cert_type:
        return fixed(rest, 2);
    case FieldKind::u32:
    case FieldKind::ttl:
    case FieldKind::time:
    case FieldKind::ipv4:
        return fixed(rest, 4);
    case FieldKind::eui48:
        return fixed(rest, 6);
    case FieldKind::eui64:
    case FieldKind::locator64:
        return fixed(rest, 8);
    case FieldKind::ipv6:
        return fixed(rest, 16);
    case FieldKind::name:
    case FieldKind::name_expanded:
    case FieldKind::name_lowered:
    case FieldKind::name_plain:
    case FieldKind::names:
        return plain_name(rest);
    case FieldKind::char_string:
    case FieldKind::salt:
        return counted(rest, 0);
    case FieldKind::char_string_opt:
        return rest.empty() ? Size{0} : counted(rest, 0);
    case FieldKind::char_strings:
        return strings(rest);
    case FieldKind::tag:
        return tag(rest);
    case FieldKind::text:
    case FieldKind::base64_opt:
        return rest.size();
    case FieldKind::hex:
    case FieldKind::base64:
        return not_empty(rest);
    case FieldKind::hash:
        return counted(rest, 1);
    case FieldKind::type_bitmap:
        return all(rest, check_type_bitmap(rest));
    case FieldKind::location:
        if (const auto checked = check_location(rest); !checked) return all(rest, checked);
        return location_size;
    case FieldKind::address_prefixes:
        return all(rest, check_address_prefixes(rest));
    case FieldKind::service_params:
        return all(rest, check_service_params(rest));
    case FieldKind::host_identity:
        return host_identity(rest);
    case FieldKind::gateway:
        break;
    }
    return std::unexpected{RdataErrc::bad_value};
}

// The real kind of an IPSECKEY gateway (RFC 4025 section 2.3); `text` of no octets for none.
std::expected<FieldKind, RdataErrc> gateway_kind(std::uint8_t type) {
    constexpr std::array kinds{
        FieldKind::gateway, FieldKind::ipv4, FieldKind::ipv6, FieldKind::name_plain};
    if (type >= kinds.size()) return std::unexpected{RdataErrc::bad_value};
    return kinds[type];
}

// Length octets are at most 63, and so never taken for letters.
void lowercase(std::span<std::uint8_t> name) {
    for (std::uint8_t& octet : name) {
        if (octet >= 'A' && octet <= 'Z') octet |= 0x20U;
    }
}

bool may_be_compressed(FieldKind kind) {
    return kind == FieldKind::name || kind == FieldKind::name_expanded;
}

}  // namespace

std::string_view describe(RdataErrc error) {
    switch (error) {
    case RdataErrc::truncated:
        return "a field goes past the end";
    case RdataErrc::trailing_octets:
        return "octets follow the last field";
    case RdataErrc::bad_name:
        return "a name is malformed";
    case RdataErrc::compressed_name:
        return "a name is compressed";
    case RdataErrc::bad_value:
        return "a field has a value that is not allowed";
    case RdataErrc::no_space:
        return "the output does not fit";
    }
    return "unknown error";
}

RdataWalk::RdataWalk(std::uint16_t type, std::span<const std::uint8_t> rdata)
    : fields_{rdata_fields(type)}, rdata_{rdata} {}

std::expected<std::optional<RdataPiece>, RdataErrc> RdataWalk::next() {
    const auto rest = rdata_.subspan(offset_);
    if (fields_.empty()) {
        if (rest.empty()) return std::nullopt;
        offset_ = rdata_.size();
        return RdataPiece{FieldKind::hex, 0, rdata_.size()};
    }
    if (field_ == fields_.size()) {
        if (!rest.empty()) return std::unexpected{RdataErrc::trailing_octets};
        return std::nullopt;
    }

    FieldKind kind = fields_[field_].kind;
    if (kind == FieldKind::names) {
        if (rest.empty()) return std::nullopt;
        kind = FieldKind::name_plain;
    } else {
        ++field_;
    }
    if (kind == FieldKind::gateway) {
        const auto real = gateway_kind(rdata_[1]);
        if (!real) return std::unexpected{real.error()};
        kind = *real;
        if (kind == FieldKind::gateway) return RdataPiece{kind, offset_, 0};
    }
    const Size size = measure(kind, rest);
    if (!size) return std::unexpected{size.error()};
    const RdataPiece piece{kind, offset_, *size};
    offset_ += *size;
    return piece;
}

std::expected<void, RdataErrc>
check_rdata(std::uint16_t type, std::span<const std::uint8_t> rdata) {
    if (rdata.size() > rdata_size_max) return std::unexpected{RdataErrc::no_space};
    RdataWalk walk{type, rdata};
    for (;;) {
        const auto piece = walk.next();
        if (!piece) return std::unexpected{piece.error()};
        if (!*piece) return {};
    }
}

std::expected<std::size_t, RdataErrc> expand_rdata(
    std::uint16_t type,
    std::span<const std::uint8_t> message,
    std::size_t offset,
    std::size_t size,
    std::span<std::uint8_t> out) {
    if (offset > message.size() || message.size() - offset < size) {
        return std::unexpected{RdataErrc::truncated};
    }
    // Names in the rdata may point back, but not read on behind it.
    const auto readable = message.first(offset + size);
    std::size_t written = 0;
    std::size_t at = offset;
    const auto put = [&](std::span<const std::uint8_t> octets) {
        if (out.size() - written < octets.size()) return false;
        if (!octets.empty()) std::memcpy(out.data() + written, octets.data(), octets.size());
        written += octets.size();
        return true;
    };

    for (const Field& field : rdata_fields(type)) {
        // No type has such names behind fields that are not of fixed size or strings.
        if (!may_be_compressed(field.kind)) {
            const bool names_follow =
                std::ranges::any_of(rdata_fields(type), may_be_compressed, &Field::kind);
            if (!names_follow) break;
            const Size field_size = measure(field.kind, readable.subspan(at));
            if (!field_size) return std::unexpected{field_size.error()};
            if (!put(readable.subspan(at, *field_size)))
                return std::unexpected{RdataErrc::no_space};
            at += *field_size;
            continue;
        }
        const auto name = Name::read(readable, at);
        if (!name) return std::unexpected{errc_of(name.error())};
        if (!put(name->octets())) return std::unexpected{RdataErrc::no_space};
    }
    if (!put(readable.subspan(at))) return std::unexpected{RdataErrc::no_space};
    if (const auto checked = check_rdata(type, out.first(written)); !checked) {
        return std::unexpected{checked.error()};
    }
    return written;
}

void canonicalize_rdata(std::uint16_t type, std::span<std::uint8_t> rdata) {
    if (!check_rdata(type, rdata)) return;
    RdataWalk walk{type, rdata};
    for (auto piece = walk.next(); piece && *piece; piece = walk.next()) {
        const FieldKind kind = (*piece)->kind;
        if (may_be_compressed(kind) || kind == FieldKind::name_lowered) {
            lowercase(rdata.subspan((*piece)->offset, (*piece)->size));
        }
    }
}

}  // namespace loom::dns
