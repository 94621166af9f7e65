// SPDX-License-Identifier: Apache-2.0
// Hostile and compressed rdata in wire format.
#include <dnsloom/dns/base_encoding.hpp>
#include <dnsloom/dns/rdata.hpp>
#include <dnsloom/dns/rdata_fields.hpp>

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

namespace loom::dns {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets octets_of(std::string_view hex) {
    const auto octets = decode_base(Base::hex, hex);
    REQUIRE(octets);
    return *octets;
}

std::string hex_of(std::span<const std::uint8_t> octets) {
    std::string out;
    append_base(Base::hex, octets, out);
    return out;
}

// A message that holds `example.` at 12, then the rdata.
Octets message_with(std::string_view rdata) {
    return octets_of("000000000000000000000000076578616D706C6500" + std::string{rdata});
}
constexpr std::size_t rdata_at = 21;

std::string expanded(std::uint16_t type, std::string_view rdata) {
    const Octets message = message_with(rdata);
    std::array<std::uint8_t, 600> out;
    const auto size = expand_rdata(type, message, rdata_at, message.size() - rdata_at, out);
    return size ? hex_of(std::span{out}.first(*size)) : std::string{describe(size.error())};
}

struct Row {
    std::uint16_t type;
    const char* rdata;
    RdataErrc error;
    const char* reason;
};

}  // namespace

TEST_CASE("dns/rdata: check: refuses malformed rdata") {
    using enum RdataErrc;
    constexpr Row rows[] = {
        {1, "", truncated, "A of nothing"},
        {1, "C00002", truncated, "A of three octets"},
        {1, "C000020100", trailing_octets, "A of five octets"},
        {2, "0161", truncated, "NS without the root label"},
        {2, "C00C", compressed_name, "NS with a pointer"},
        {2, "0161C00C", compressed_name, "NS that ends in a pointer"},
        {2, "4100", bad_name, "label type 01"},
        {2,
         "016100"
         "00",
         trailing_octets,
         "NS with an octet behind"},
        {6,
         "0000"
         "00000001000000020000000300000004",
         truncated,
         "SOA of four numbers"},
        {13, "0161", truncated, "HINFO of one string"},
        {13, "01610362", truncated, "HINFO string past the end"},
        {15, "000A", truncated, "MX without a name"},
        {16, "", truncated, "TXT of no string"},
        {16, "0261", truncated, "TXT string past the end"},
        {28, "00", truncated, "AAAA of one octet"},
        {29, "01121613800000008000000000989680", bad_value, "LOC version 1"},
        {29, "00A21613800000008000000000989680", bad_value, "LOC size mantissa 10"},
        {29, "001A1613800000008000000000989680", bad_value, "LOC size exponent 10"},
        {29, "00121613FFFFFFFF8000000000989680", bad_value, "LOC latitude past the pole"},
        {42, "0003080101", bad_value, "APL of an unknown family"},
        {42, "0001210101", bad_value, "APL prefix of 33 bits"},
        {42,
         "0001080501020304"
         "05",
         bad_value,
         "APL of five address octets"},
        {42, "0001080200", truncated, "APL address past the end"},
        {42, "0001080100", bad_value, "APL zero at the end"},
        {43, "00010501", truncated, "DS without a digest"},
        {45,
         "0A0402"
         "01",
         bad_value,
         "IPSECKEY gateway type 4"},
        {45, "0A0102C000", truncated, "IPSECKEY gateway cut off"},
        {45, "0A0302C00C01", compressed_name, "IPSECKEY gateway compressed"},
        {47,
         "00"
         "0000",
         bad_value,
         "NSEC window of no octets"},
        {47,
         "00"
         "000100",
         bad_value,
         "NSEC zero at the end"},
        {47,
         "00"
         "0021",
         bad_value,
         "NSEC window of 33 octets"},
        {47,
         "00"
         "000140"
         "000140",
         bad_value,
         "NSEC window twice"},
        {47,
         "00"
         "0101400001"
         "40",
         bad_value,
         "NSEC windows out of order"},
        {47,
         "00"
         "000240",
         truncated,
         "NSEC window cut off"},
        {48, "01000305", truncated, "DNSKEY without a key"},
        {50, "010000000000", bad_value, "NSEC3 with an empty hash"},
        {50, "0100000005AA", truncated, "NSEC3 salt past the end"},
        {55, "0002000101", truncated, "HIP without a tag"},
        {55,
         "01020001200"
         "1C00C",
         compressed_name,
         "HIP server compressed"},
        {257, "000078", bad_value, "CAA with an empty tag"},
        {257, "00022D2D", bad_value, "CAA tag of hyphens"},
        {257, "000561", truncated, "CAA tag past the end"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.rdata);
        CAPTURE(row.reason);

        const auto checked = check_rdata(row.type, octets_of(row.rdata));

        REQUIRE_FALSE(checked);
        CHECK(checked.error() == row.error);
    }
}

TEST_CASE("dns/rdata: check: takes any octets of an unknown type") {
    CHECK(check_rdata(65280, octets_of("")));
    CHECK(check_rdata(65280, octets_of("C00C")));
    CHECK(check_rdata(10, octets_of("00")));  // NULL.
}

TEST_CASE("dns/rdata: check: refuses a name of 256 octets and takes one of 255") {
    std::string labels;
    for (int i = 0; i != 3; ++i) labels += "3F" + std::string(std::size_t{2} * 63, '6');

    CHECK(check_rdata(2, octets_of(labels + "3D" + std::string(std::size_t{2} * 61, '6') + "00")));
    CHECK_FALSE(
        check_rdata(2, octets_of(labels + "3E" + std::string(std::size_t{2} * 62, '6') + "00")));
}

TEST_CASE("dns/rdata: expand: names that may be compressed are expanded") {
    const std::string name = "076578616D706C6500";

    CHECK(expanded(2, "C00C") == name);
    CHECK(expanded(15, "000A0161C00C") == "000A0161" + name);
    CHECK(
        expanded(6, "C00CC00C0000000100000002000000030000000400000005") ==
        name + name + "0000000100000002000000030000000400000005");
    CHECK(expanded(33, "000000000035C00C") == "000000000035" + name);
    CHECK(
        expanded(
            35,
            "00010002"
            "0155"
            "00"
            "00"
            "C00C") == "00010002015500"
                       "00" +
                           name);
    CHECK(expanded(17, "C00C0161C00C") == name + "0161" + name);
}

TEST_CASE("dns/rdata: expand: names that must not be compressed are refused") {
    CHECK(expanded(39, "C00C") == "a name is compressed");
    CHECK(expanded(47, "C00C000140") == "a name is compressed");
    CHECK(expanded(64, "0001C00C") == "a name is compressed");
}

TEST_CASE("dns/rdata: expand: rdata of unknown types is copied as it is") {
    CHECK(expanded(65280, "C00C") == "C00C");
    CHECK(expanded(1, "C0000201") == "C0000201");
}

TEST_CASE("dns/rdata: expand: bad pointers and lengths are refused") {
    CHECK(expanded(2, "C015") == "a name is malformed");      // To itself.
    CHECK(expanded(2, "C016") == "a name is malformed");      // Forwards.
    CHECK(expanded(2, "C0") == "a field goes past the end");  // Cut off.
    CHECK(expanded(2, "C00C00") == "octets follow the last field");
    CHECK(expanded(15, "000A") == "a field goes past the end");
    CHECK(expanded(2, "0261C015") == "a field goes past the end");  // A label past the end.

    std::array<std::uint8_t, 8> small;
    const Octets message = message_with("C00C");
    const auto no_space = expand_rdata(2, message, rdata_at, 2, small);
    REQUIRE_FALSE(no_space);
    CHECK(no_space.error() == RdataErrc::no_space);
    const auto past_end = expand_rdata(2, message, rdata_at, 3, small);
    REQUIRE_FALSE(past_end);
    CHECK(past_end.error() == RdataErrc::truncated);
}

TEST_CASE("dns/rdata: canonicalize: lower-cases the names of RFC 4034 section 6.2 only") {
    const auto canonical = [](std::uint16_t type, std::string_view hex) {
        Octets rdata = octets_of(hex);
        canonicalize_rdata(type, rdata);
        return hex_of(rdata);
    };

    CHECK(
        canonical(
            15,
            "41410141"
            "00") == "41410161"
                     "00");                      // MX; the preference stays.
    CHECK(canonical(39, "014100") == "016100");  // DNAME
    CHECK(canonical(47, "014100") == "014100");  // NSEC, RFC 6840 section 5.1
    CHECK(canonical(16, "0141") == "0141");      // TXT has no names.
    CHECK(canonical(2, "0141") == "0141");       // Malformed.
}

TEST_CASE("dns/rdata: walk: gives one piece for each field and name") {
    const Octets rdata = octets_of("010200012001"
                                   "016100"
                                   "00");
    RdataWalk walk{55, rdata};

    std::vector<std::size_t> sizes;
    for (auto piece = walk.next(); piece && *piece; piece = walk.next()) {
        sizes.push_back((*piece)->size);
    }

    CHECK(sizes == std::vector<std::size_t>{6, 3, 1});
}

}  // namespace loom::dns
