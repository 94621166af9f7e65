// SPDX-License-Identifier: Apache-2.0
// LOC, geographical places (RFC 1876).
#include "rdata_codecs.hpp"
#include "rdata_parser.hpp"

#include <array>
#include <optional>

namespace loom::dns {
namespace {

constexpr std::uint32_t degree = 3'600'000;  // In thousandths of a second of arc.
constexpr std::uint32_t minute = 60'000;
constexpr std::uint32_t second = 1000;
constexpr std::uint32_t equator = 1U << 31U;  // And the prime meridian.
constexpr std::uint32_t latitude_degrees_max = 90;
constexpr std::uint32_t longitude_degrees_max = 180;
constexpr std::int64_t sea_level_cm = 10'000'000;  // The altitude field counts from 100 km below.
constexpr std::int64_t altitude_cm_max = 0xFFFF'FFFF - sea_level_cm;
constexpr std::int64_t size_cm_max = 9'000'000'000;

// `digits[.fraction]` in units of 1 / 10^places, or nothing.
std::optional<std::int64_t> parse_decimal(std::string_view text, unsigned places) {
    std::int64_t value = 0;
    unsigned left = places;
    bool fraction = false;
    bool digits = false;
    for (const char c : text) {
        if (c == '.' && !fraction) {
            fraction = true;
            continue;
        }
        const int digit = c - '0';
        if (digit < 0 || digit > 9 || (fraction && left == 0) || value > size_cm_max) {
            return std::nullopt;
        }
        if (fraction) --left;
        value = value * 10 + digit;
        digits = true;
    }
    if (!digits) return std::nullopt;
    for (; left != 0; --left) value *= 10;
    return value;
}

// Metres, with or without the unit, in centimetres.
std::optional<std::int64_t> parse_metres(std::string_view text) {
    if (text.ends_with('m') || text.ends_with('M')) text.remove_suffix(1);
    const bool below = text.starts_with('-');
    if (below) text.remove_prefix(1);
    const auto value = parse_decimal(text, 2);
    return value && below ? std::optional{-*value} : value;
}

// One digit times a power of ten; what does not fit is cut off, as the RFC's own code does.
std::uint8_t encode_size(std::int64_t centimetres) {
    unsigned exponent = 0;
    while (centimetres > 9) {
        centimetres /= 10;
        ++exponent;
    }
    return static_cast<std::uint8_t>(static_cast<unsigned>(centimetres) << 4U | exponent);
}

bool is_size(std::uint8_t octet) {
    const unsigned mantissa = octet >> 4U;
    const unsigned exponent = octet & 15U;
    // Zero has one form only, or text could not give the octet back.
    return mantissa <= 9 && exponent <= 9 && (mantissa != 0 || exponent == 0);
}

std::uint32_t distance(std::uint32_t coordinate) {
    return coordinate > equator ? coordinate - equator : equator - coordinate;
}

void append_padded(std::uint32_t value, std::uint32_t scale, std::string& out) {
    for (; scale != 0; scale /= 10) out += static_cast<char>('0' + value / scale % 10);
}

void append_coordinate(std::uint32_t coordinate, char plus, char minus, std::string& out) {
    const std::uint32_t arc = distance(coordinate);
    out += std::to_string(arc / degree);
    out += ' ';
    append_padded(arc % degree / minute, 10, out);
    out += ' ';
    append_padded(arc % minute / second, 10, out);
    out += '.';
    append_padded(arc % second, 100, out);
    out += ' ';
    out += coordinate >= equator ? plus : minus;
    out += ' ';
}

void append_metres(std::int64_t centimetres, std::string& out) {
    if (centimetres < 0) out += '-';
    const std::int64_t size = centimetres < 0 ? -centimetres : centimetres;
    out += std::to_string(size / 100);
    out += '.';
    append_padded(static_cast<std::uint32_t>(size % 100), 10, out);
    out += 'm';
}

void append_size(std::uint8_t octet, std::string& out) {
    std::int64_t centimetres = octet >> 4U;
    for (unsigned exponent = octet & 15U; exponent != 0; --exponent) centimetres *= 10;
    out += ' ';
    append_metres(centimetres, out);
}

struct Axis {
    std::string_view name;
    std::uint32_t degrees_max;
    char plus;
    char minus;
};

// `degrees [minutes [seconds]] letter`.
bool read_coordinate(RdataParser& parser, const Axis& axis, std::uint32_t& coordinate) {
    constexpr std::array<std::uint32_t, 3> units{degree, minute, second};
    parser.set_field(axis.name);
    std::uint32_t arc = 0;
    std::size_t parts = 0;
    ZoneToken token = parser.next();
    for (; token.is_word(); token = parser.next(), ++parts) {
        const char letter =
            token.text.size() == 1 ? static_cast<char>(token.text[0] & ~0x20) : '\0';
        if (letter == axis.plus || letter == axis.minus) {
            if (parts == 0 || arc > axis.degrees_max * degree) break;
            coordinate = letter == axis.plus ? equator + arc : equator - arc;
            return true;
        }
        if (parts == units.size()) break;
        const auto value = parse_decimal(token.text, parts == 2 ? 3 : 0);
        const std::uint32_t part_max = parts == 0 ? axis.degrees_max : parts == 1 ? 59 : 59'999;
        if (!value || *value > part_max) break;
        arc += static_cast<std::uint32_t>(*value) * (parts == 2 ? 1 : units[parts]);
    }
    return parser.fail(
        "degrees up to " + std::to_string(axis.degrees_max) + ", minutes, seconds and " +
            axis.plus + " or " + axis.minus,
        token);
}

}  // namespace

RdataCheck check_location(std::span<const std::uint8_t> octets) {
    if (octets.size() < location_size) return std::unexpected{RdataErrc::truncated};
    if (octets[0] != 0 || !is_size(octets[1]) || !is_size(octets[2]) || !is_size(octets[3]) ||
        distance(load_u32(octets.data() + 4)) > latitude_degrees_max * degree ||
        distance(load_u32(octets.data() + 8)) > longitude_degrees_max * degree) {
        return std::unexpected{RdataErrc::bad_value};
    }
    return {};
}

void append_location(std::span<const std::uint8_t> octets, std::string& out) {
    append_coordinate(load_u32(octets.data() + 4), 'N', 'S', out);
    append_coordinate(load_u32(octets.data() + 8), 'E', 'W', out);
    append_metres(static_cast<std::int64_t>(load_u32(octets.data() + 12)) - sea_level_cm, out);
    append_size(octets[1], out);
    append_size(octets[2], out);
    append_size(octets[3], out);
}

bool RdataParser::put_location() {
    std::uint32_t latitude = 0;
    std::uint32_t longitude = 0;
    if (!read_coordinate(*this, {"latitude", latitude_degrees_max, 'N', 'S'}, latitude))
        return false;
    if (!read_coordinate(*this, {"longitude", longitude_degrees_max, 'E', 'W'}, longitude)) {
        return false;
    }

    set_field("altitude");
    ZoneToken token = next();
    const auto altitude = token.is_word() ? parse_metres(token.text) : std::nullopt;
    if (!altitude || *altitude < -sea_level_cm || *altitude > altitude_cm_max) {
        return fail("metres between -100000.00 and 42849672.95", token);
    }

    // Size, horizontal and vertical precision, with the defaults of RFC 1876 section 3.
    std::array<std::int64_t, 3> sizes{100, 1'000'000, 1000};
    constexpr std::array<std::string_view, 3> names{
        "size", "horizontal precision", "vertical precision"};
    for (std::size_t i = 0; i != sizes.size(); ++i) {
        token = next();
        if (token.kind == ZoneToken::Kind::end) break;
        set_field(names[i]);
        const auto size = token.is_word() ? parse_metres(token.text) : std::nullopt;
        if (!size || *size < 0 || *size > size_cm_max) {
            return fail("metres up to 90000000.00", token);
        }
        sizes[i] = *size;
    }

    return out_->put_u8(0) && out_->put_u8(encode_size(sizes[0])) &&
           out_->put_u8(encode_size(sizes[1])) && out_->put_u8(encode_size(sizes[2])) &&
           out_->put_u32(latitude) && out_->put_u32(longitude) &&
           out_->put_u32(static_cast<std::uint32_t>(*altitude + sea_level_cm));
}

}  // namespace loom::dns
