// SPDX-License-Identifier: Apache-2.0
// Reads the rdata of one record from tokens: the walk over the fields, and fields of fixed size.
#include "rdata_parser.hpp"

#include "mnemonics.hpp"
#include "zone_name.hpp"
#include "zone_time.hpp"

#include <dnsloom/dns/address_text.hpp>

#include <cstring>

namespace loom::dns {
namespace {

// The value of decimal digits, or more than any field holds.
std::uint64_t number_value(std::string_view text) {
    constexpr auto not_a_number = ~std::uint64_t{0};
    if (text.empty() || text.size() > 10) return not_a_number;
    std::uint64_t value = 0;
    for (const char c : text) {
        const auto digit = static_cast<unsigned>(c - '0');
        if (digit > 9) return not_a_number;
        value = value * 10 + digit;
    }
    return value;
}

std::string expected_range(std::uint32_t max) { return "0.." + std::to_string(max); }

constexpr std::uint32_t max_of(unsigned octets) { return ~std::uint32_t{0} >> (32 - 8 * octets); }

}  // namespace

bool RdataParser::parse(std::uint16_t type, std::span<const std::uint8_t> origin) {
    out_->clear();
    where_ = nullptr;
    type_ = type;
    origin_ = origin;
    const auto fields = rdata_fields(type);
    field_ = fields.empty() ? "rdata" : fields.front().name;
    first_ = lexer_->next();
    if (first_.is_word() && first_.text == "\\#") return put_generic();
    if (fields.empty()) return fail("the form \\# SIZE HEX, as the type is not known", first_);

    pending_ = true;
    for (const Field& field : fields) {
        field_ = field.name;
        if (!put_field(field.kind)) return false;
    }
    return expect_end();
}

bool RdataParser::put_field(FieldKind kind) {
    switch (kind) {
    case FieldKind::u8:
        return put_number(max_of(1), 1);
    case FieldKind::u16:
        return put_number(max_of(2), 2);
    case FieldKind::u32:
        return put_number(max_of(4), 4);
    case FieldKind::ttl:
        return put_ttl();
    case FieldKind::time:
        return put_time();
    case FieldKind::algorithm:
        return put_algorithm();
    case FieldKind::cert_type:
        return put_cert_type();
    case FieldKind::type:
        return put_type();
    case FieldKind::ipv4:
        return put_ipv4();
    case FieldKind::ipv6:
        return put_ipv6();
    case FieldKind::name:
    case FieldKind::name_expanded:
    case FieldKind::name_lowered:
    case FieldKind::name_plain:
        return put_name(next());
    case FieldKind::names:
        return put_names();
    case FieldKind::char_string:
        return put_char_string(next());
    case FieldKind::char_string_opt:
        return put_optional_char_string();
    case FieldKind::char_strings:
        return put_char_strings();
    case FieldKind::tag:
        return put_tag();
    case FieldKind::text:
        return put_text();
    case FieldKind::hex:
        return put_digits(Base::hex, Presence::needed);
    case FieldKind::base64:
        return put_digits(Base::base64, Presence::needed);
    case FieldKind::base64_opt:
        return put_digits(Base::base64, Presence::optional);
    case FieldKind::salt:
        return put_salt();
    case FieldKind::hash:
        return put_hash();
    case FieldKind::locator64:
        return put_groups(4, 4, ':');
    case FieldKind::eui48:
        return put_groups(6, 2, '-');
    case FieldKind::eui64:
        return put_groups(8, 2, '-');
    case FieldKind::type_bitmap:
        return put_type_bitmap();
    case FieldKind::location:
        return put_location();
    case FieldKind::address_prefixes:
        return put_address_prefixes();
    case FieldKind::gateway:
        return put_gateway();
    case FieldKind::host_identity:
        return put_host_identity();
    case FieldKind::service_params:
        return put_service_params();
    }
    return false;
}

// `\# SIZE HEX...`, RFC 3597 section 5.
bool RdataParser::put_generic() {
    field_ = "generic rdata";
    std::uint32_t size = 0;
    if (!read_number(rdata_size_max, size)) return false;
    BaseDecoder decoder{Base::hex};
    ZoneToken token = next();
    for (; token.is_word(); token = next()) {
        std::uint8_t* const room = out_->room(decoder.size_max(token.text.size()));
        if (room == nullptr) return fail_size(token);
        const auto written = decoder.feed(token.text, room);
        if (!written) return fail("hex digits", token);
        out_->commit(*written);
    }
    if (token.kind != ZoneToken::Kind::end) return fail("hex digits", token);
    if (!decoder.finish()) return fail_with("the number of hex digits is odd", token);
    if (out_->size() != size) {
        return fail_with(
            "the size is given as " + std::to_string(size) + ", but " +
                std::to_string(out_->size()) + " octets follow",
            token);
    }
    if (const auto checked = check_rdata(type_, out_->octets()); !checked) {
        return fail_with(
            "the octets do not fit the type: " + std::string{describe(checked.error())}, token);
    }
    return true;
}

bool RdataParser::expect_end() {
    const ZoneToken token = next();
    if (token.kind == ZoneToken::Kind::end) return true;
    field_ = "record";
    return fail("no more fields", token);
}

bool RdataParser::fail(std::string_view expected, const ZoneToken& token) {
    return fail_with("expected " + std::string{expected} + ", got " + describe_token(token), token);
}

bool RdataParser::fail_with(std::string_view problem, const ZoneToken& token) {
    message_.clear();
    // A bad token comes with the lexer's own message, or will be read again.
    if (token.kind == ZoneToken::Kind::bad) return false;
    append_type_mnemonic(type_, message_);
    message_ += ' ';
    message_ += field_;
    message_ += ": ";
    message_ += problem;
    where_ = token.begin();
    return false;
}

bool RdataParser::fail_size(const ZoneToken& token) {
    return fail_with("the rdata is longer than 65535 octets, shorten it", token);
}

bool RdataParser::read_number(std::uint32_t max, std::uint32_t& value) {
    const ZoneToken token = next();
    const std::uint64_t number = token.is_word() ? number_value(token.text) : ~std::uint64_t{0};
    if (number > max) return fail(expected_range(max), token);
    value = static_cast<std::uint32_t>(number);
    return true;
}

bool RdataParser::put_number(std::uint32_t max, unsigned octets) {
    std::uint32_t value = 0;
    if (!read_number(max, value)) return false;
    switch (octets) {
    case 1:
        return out_->put_u8(value);
    case 2:
        return out_->put_u16(value);
    default:
        return out_->put_u32(value);
    }
}

bool RdataParser::put_ttl() {
    const ZoneToken token = next();
    if (token.is_word()) {
        // Plain seconds may use all 32 bits here (RFC 1035 section 3.3.13).
        const std::uint64_t number = number_value(token.text);
        if (number <= max_of(4)) return out_->put_u32(static_cast<std::uint32_t>(number));
        if (const auto ttl = parse_ttl(token.text)) return out_->put_u32(*ttl);
    }
    return fail("seconds or a time such as 1h30m", token);
}

bool RdataParser::put_time() {
    const ZoneToken token = next();
    if (const auto time = token.is_word() ? parse_timestamp(token.text) : std::nullopt) {
        return out_->put_u32(*time);
    }
    return fail("a time as YYYYMMDDHHmmSS between 1970 and 2106", token);
}

bool RdataParser::put_algorithm() {
    const ZoneToken token = next();
    if (const auto number = token.is_word() ? number_value(token.text) : max_of(4); number <= 255) {
        return out_->put_u8(static_cast<unsigned>(number));
    }
    const auto code = token.is_word() ? lookup_algorithm(token.text) : std::nullopt;
    return code ? out_->put_u8(*code) : fail("0..255 or a mnemonic such as ED25519", token);
}

bool RdataParser::put_cert_type() {
    const ZoneToken token = next();
    if (const auto number = token.is_word() ? number_value(token.text) : max_of(4);
        number <= max_of(2)) {
        return out_->put_u16(static_cast<unsigned>(number));
    }
    const auto code = token.is_word() ? lookup_cert_type(token.text) : std::nullopt;
    return code ? out_->put_u16(*code) : fail("0..65535 or a mnemonic such as PKIX", token);
}

bool RdataParser::put_type() {
    const ZoneToken token = next();
    const auto code = token.is_word() ? lookup_type(token.text) : std::nullopt;
    return code ? out_->put_u16(*code) : fail("a record type", token);
}

bool RdataParser::put_ipv4() {
    const ZoneToken token = next();
    const auto address = token.is_word() ? parse_ipv4(token.text) : std::nullopt;
    if (!address) return fail("an IPv4 address such as 192.0.2.1", token);
    return out_->put(*address) || fail_size(token);
}

bool RdataParser::put_ipv6() {
    const ZoneToken token = next();
    const auto address = token.is_word() ? parse_ipv6(token.text) : std::nullopt;
    if (!address) return fail("an IPv6 address such as 2001:db8::1", token);
    return out_->put(*address) || fail_size(token);
}

bool RdataParser::put_name(const ZoneToken& token) {
    if (!token.is_word()) return fail("a domain name", token);
    const auto size = parse_zone_name(token.text, origin_, out_->name_room());
    if (!size) {
        return fail_with(
            "expected a domain name, got " + describe_token(token) + ": " +
                std::string{describe(size.error())},
            token);
    }
    if (out_->room(*size) == nullptr) return fail_size(token);
    out_->commit(*size);
    return true;
}

bool RdataParser::put_names() {
    ZoneToken token = next();
    for (; token.is_text(); token = next()) {
        if (!put_name(token)) return false;
    }
    return token.kind == ZoneToken::Kind::end;
}

// Hex groups of a fixed count: addresses of link layers, and locators.
bool RdataParser::put_groups(unsigned groups, unsigned digits, char separator) {
    const ZoneToken token = next();
    const std::string shape = std::to_string(groups) + " groups of " + std::to_string(digits) +
                              " hex digits with \"" + separator + "\" between them";
    // Leading zeros may be left out only where the RFC's own groups are numbers.
    const std::size_t digits_min = digits == 4 ? 1 : digits;
    std::string_view rest = token.is_word() ? token.text : std::string_view{};
    for (unsigned i = 0; i != groups; ++i) {
        const std::string_view group = rest.substr(0, rest.find(separator));
        const bool last = i + 1 == groups;
        if (group.size() < digits_min || group.size() > digits ||
            (group.size() == rest.size()) != last) {
            return fail(shape, token);
        }
        rest.remove_prefix(group.size() + (last ? 0 : 1));
        std::string padded(digits - group.size(), '0');
        padded += group;
        const auto octets = decode_base(Base::hex, padded);
        if (!octets) return fail(shape, token);
        if (!out_->put(*octets)) return fail_size(token);
    }
    return true;
}

// The gateway type is two fields before (RFC 4025 section 2.3).
bool RdataParser::put_gateway() {
    switch ((*out_)[1]) {
    case 0: {
        const ZoneToken token = next();
        return token.is_word() && token.text == "." ? true
                                                    : fail("\".\" for gateway type 0", token);
    }
    case 1:
        return put_ipv4();
    case 2:
        return put_ipv6();
    case 3:
        return put_name(next());
    default: {
        const ZoneToken token = next();
        return fail_with("gateway type " + std::to_string((*out_)[1]) + " is not 0..3", token);
    }
    }
}

}  // namespace loom::dns
