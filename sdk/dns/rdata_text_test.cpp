// SPDX-License-Identifier: Apache-2.0
// Rdata from text to wire and back, for every type.
#include "mnemonics.hpp"
#include "zone_test_names.hpp"

#include <dnsloom/dns/base_encoding.hpp>
#include <dnsloom/dns/rdata.hpp>
#include <dnsloom/dns/rdata_fields.hpp>

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace loom::dns {
namespace {

std::uint16_t type_of(std::string_view mnemonic) {
    const auto type = lookup_type(mnemonic);
    REQUIRE_MESSAGE(type, mnemonic);
    return *type;
}

std::string hex_of(std::span<const std::uint8_t> octets) {
    std::string out;
    append_base(Base::hex, octets, out);
    return out;
}

// The wire in hex, or the message.
std::string parsed(std::string_view type, std::string_view text) {
    const auto rdata = rdata_from_text(type_of(type), text, test_origin());
    return rdata ? hex_of(*rdata) : rdata.error().message;
}

// What the parsed text is printed as, or the message.
std::string printed(std::string_view type, std::string_view text) {
    const auto rdata = rdata_from_text(type_of(type), text, test_origin());
    if (!rdata) return rdata.error().message;
    std::string out;
    const auto result = append_rdata_text(type_of(type), *rdata, out);
    return result ? out : std::string{describe(result.error())};
}

struct TextRow {
    const char* type;
    const char* text;
    const char* canonical;  // Null when it is `text` itself.
    const char* reason;
};

constexpr TextRow good_rows[] = {
    {"A", "192.0.2.1", nullptr, "four octets"},
    {"A", "255.255.255.255", nullptr, "greatest"},
    {"NS", "ns1", "ns1.example.", "relative name"},
    {"NS", "@", "example.", "the origin"},
    {"NS", ".", nullptr, "the root"},
    {"CNAME", "a\\.b.example.", nullptr, "a dot inside a label"},
    {"CNAME", "a\\032b.example.", nullptr, "a space inside a label"},
    {"SOA", "ns hm 1 2h 1w 3 1d", "ns.example. hm.example. 1 7200 604800 3 86400", "units"},
    {"SOA", "ns. hm. 4294967295 4294967295 0 0 0", nullptr, "all 32 bits"},
    {"PTR", "Host.Example.", nullptr, "case is kept"},
    {"HINFO", "PC Linux", "\"PC\" \"Linux\"", "words are strings"},
    {"HINFO", "\"\" \"\"", nullptr, "empty strings"},
    {"MX", "10 mail", "10 mail.example.", "relative exchange"},
    {"MX", "0 .", nullptr, "null MX, RFC 7505"},
    {"TXT", "one \"two words\" three", "\"one\" \"two words\" \"three\"", "words and strings"},
    {"TXT", "\"a\\\"b\\\\c\\010\\255\"", nullptr, "escapes"},
    {"TXT", "a\\032b", "\"a b\"", "an escape outside quotes"},
    {"TXT", "(a\n b ; comment\n c)", "\"a\" \"b\" \"c\"", "over lines"},
    {"TXT", "\"semi;colon (paren)\"", nullptr, "specials in quotes"},
    {"TXT", "a\"b\"", "\"a\" \"b\"", "a quote ends a word"},
    {"RP", "admin.example. .", nullptr, "no text name"},
    {"AFSDB", "1 db.example.", nullptr, "subtype and host"},
    {"X25", "\"311061700956\"", nullptr, "digits as a string"},
    {"ISDN", "\"150862028003217\"", nullptr, "no subaddress"},
    {"ISDN", "\"150862028003217\" \"004\"", nullptr, "subaddress"},
    {"RT", "2 relay.example.", nullptr, "preference and host"},
    {"SIG", "A 1 2 3600 20260101000000 20250101000000 7 example. AQID", nullptr, "as RRSIG"},
    {"KEY", "49152 3 0", nullptr, "no key at all"},
    {"PX", "10 a.example. b.example.", nullptr, "two names"},
    {"AAAA", "2001:db8::1", nullptr, "shortened"},
    {"AAAA", "2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1", "RFC 5952: first of equal runs"},
    {"AAAA", "::", nullptr, "all zero"},
    {"AAAA", "::ffff:192.0.2.1", nullptr, "mapped"},
    {"AAAA", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", "a single zero group is not shortened"},
    {"AAAA", "64:ff9b::192.0.2.33", "64:ff9b::c000:221", "dotted tail"},
    {"LOC",
     "42 21 54 N 71 06 18 W -24m 30m",
     "42 21 54.000 N 71 06 18.000 W -24.00m 30.00m 10000.00m 10.00m",
     "RFC 1876 example, defaults"},
    {"LOC",
     "90 S 180 E 42849672.95 0 0 0",
     "90 00 00.000 S 180 00 00.000 E 42849672.95m 0.00m 0.00m 0.00m",
     "the ends of the ranges"},
    {"LOC",
     "52 14 05.5 N 0 8 50.001 E 10.5m 15m",
     "52 14 05.500 N 0 08 50.001 E 10.50m 10.00m 10000.00m 10.00m",
     "fractions; a size keeps one digit"},
    {"SRV", "0 5 5060 sip.example.", nullptr, "RFC 2782"},
    {"NAPTR", "100 50 \"u\" \"E2U+sip\" \"!^.*$!sip:info@example.com!\" .", nullptr, "RFC 3403"},
    {"KX", "1 kx.example.", nullptr, "RFC 2230"},
    {"CERT", "PKIX 1 RSASHA256 AQID", "1 1 8 AQID", "mnemonics"},
    {"DNAME", "other.example.", nullptr, "RFC 6672"},
    {"APL", "1:192.168.32.0/21 !1:192.168.38.0/28", nullptr, "RFC 3123 example"},
    {"APL", "2:ff00::/8 1:0.0.0.0/0", nullptr, "no address octets at all"},
    {"APL", "", nullptr, "an empty list"},
    {"DS",
     "60485 5 1 2BB183AF5F22588179A53B0A 98631FAD1A292118",
     "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
     "digits in two words"},
    {"SSHFP", "4 2 0a0b", "4 2 0A0B", "either case"},
    {"IPSECKEY", "10 0 2 . AQNRU3mG", nullptr, "no gateway"},
    {"IPSECKEY", "10 1 2 192.0.2.38 AQNRU3mG", nullptr, "IPv4 gateway"},
    {"IPSECKEY", "10 2 2 2001:db8:0:8002::2000:1 AQNRU3mG", nullptr, "IPv6 gateway"},
    {"IPSECKEY", "10 3 2 gw.example. AQNRU3mG", nullptr, "gateway by name"},
    {"IPSECKEY", "10 0 0 .", nullptr, "no key"},
    {"RRSIG",
     "A 5 3 86400 20030322173103 20030220173103 2642 example. oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjRip8WTr",
     nullptr,
     "RFC 4034 section 3.3"},
    {"RRSIG",
     "TYPE65280 ED25519 0 1h 4294967295 0 1 . AQ==",
     "TYPE65280 15 0 3600 21060207062815 19700101000000 1 . AQ==",
     "unknown type, mnemonic, seconds"},
    {"NSEC",
     "host A MX RRSIG NSEC TYPE1234",
     "host.example. A MX RRSIG NSEC TYPE1234",
     "two windows"},
    {"NSEC", "a. TYPE1234 A A", "a. A TYPE1234", "any order, and twice"},
    {"DNSKEY", "256 3 RSASHA1 AQPSKmyn fzW4", "256 3 5 AQPSKmynfzW4", "key in two words"},
    {"DHCID", "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=", nullptr, "RFC 4701"},
    {"NSEC3",
     "1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG",
     "1 1 12 AABBCCDD 2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S A RRSIG",
     "RFC 5155"},
    {"NSEC3", "1 0 0 - 00000000", nullptr, "no salt, no types"},
    {"NSEC3PARAM", "1 0 0 -", nullptr, "no salt"},
    {"TLSA", "3 1 1 d2abde24", "3 1 1 D2ABDE24", "RFC 6698"},
    {"SMIMEA", "3 0 0 00", nullptr, "RFC 8162"},
    {"HIP",
     "2 200100107B1A74DF365639CC39F1D578 AwEAAbdx rvs1.example. rvs2.example.",
     nullptr,
     "two servers"},
    {"HIP", "2 20 AQ==", nullptr, "no server"},
    {"NINFO", "\"x\"", nullptr, "strings"},
    {"TALINK", "a. b.", nullptr, "two names"},
    {"CDS", "0 0 0 00", nullptr, "RFC 8078: delete"},
    {"CDNSKEY", "0 3 0 AA==", nullptr, "RFC 8078: delete"},
    {"OPENPGPKEY", "AQID", nullptr, "RFC 7929"},
    {"CSYNC", "66 3 A NS AAAA", nullptr, "RFC 7477"},
    {"CSYNC", "66 3", nullptr, "no types"},
    {"ZONEMD", "2018031500 1 1 FEBE3D4C", nullptr, "RFC 8976"},
    {"SPF", "\"v=spf1 -all\"", nullptr, "as TXT"},
    {"NID", "10 0014:4fff:ff20:ee64", nullptr, "RFC 6742"},
    {"NID", "10 14:4fff:0:1", "10 0014:4fff:0000:0001", "short groups"},
    {"L32", "10 10.1.2.0", nullptr, "RFC 6742"},
    {"L64", "10 2001:0db8:1140:1000", nullptr, "RFC 6742"},
    {"LP", "10 l64-subnet.example.", nullptr, "RFC 6742"},
    {"EUI48", "00-00-5e-00-53-2a", nullptr, "RFC 7043"},
    {"EUI64", "00-00-5E-ef-10-00-00-2a", "00-00-5e-ef-10-00-00-2a", "RFC 7043"},
    {"URI", "10 1 \"ftp://ftp1.example.com/public\"", nullptr, "RFC 7553"},
    {"CAA", "0 issue \"ca1.example.net; policy=ev\"", nullptr, "RFC 8659"},
    {"CAA", "128 tbs unquoted", "128 tbs \"unquoted\"", "a word as value"},
    {"CAA", "0 issue \"\"", nullptr, "an empty value"},
    {"AVC", "\"app-name:x\"", nullptr, "as TXT"},
    {"RESINFO", "qnamemin exterr=15-17", "\"qnamemin\" \"exterr=15-17\"", "RFC 9606"},
    {"DLV", "1 5 1 AB", nullptr, "as DS"},
    {"TYPE65280", "\\# 3 abCD 01", "\\# 3 ABCD01", "unknown type, RFC 3597"},
    {"TYPE65280", "\\# 0", nullptr, "no octets"},
    {"A", "\\# 4 C0000201", "192.0.2.1", "known type in the unknown form"},
};

struct RefusedRow {
    const char* type;
    const char* text;
    const char* message;  // Its beginning.
    const char* reason;
};

constexpr RefusedRow refused_rows[] = {
    {"A",
     "300.1.1.1",
     "A address: expected an IPv4 address such as 192.0.2.1, got \"300.1.1.1\"",
     "over 255"},
    {"A", "1.2.3", "A address: expected", "three numbers"},
    {"A", "01.2.3.4", "A address: expected", "octal to some"},
    {"A", "1.2.3.4.", "A address: expected", "a dot too many"},
    {"A",
     "",
     "A address: expected an IPv4 address such as 192.0.2.1, got the end of the record",
     "nothing"},
    {"A", "1.2.3.4 5.6.7.8", "A record: expected no more fields, got \"5.6.7.8\"", "two"},
    {"A", "\"1.2.3.4\"", "A address: expected", "quoted"},
    {"NS", "a..b", "NS target: expected a domain name, got \"a..b\"", "empty label"},
    {"NS", "\\300.", "NS target: expected a domain name", "escape over 255"},
    {"NS", "\\1", "NS target: expected a domain name", "escape cut off"},
    {"SOA", "a. b. 1 2 3 4", "SOA minimum: expected", "a field is missing"},
    {"SOA", "a. b. -1 2 3 4 5", "SOA serial: expected 0..4294967295, got \"-1\"", "negative"},
    {"SOA", "a. b. 1 1x 3 4 5", "SOA refresh: expected seconds", "bad unit"},
    {"MX", "70000 a.", "MX preference: expected 0..65535, got \"70000\"", "out of range"},
    {"MX", "mail", "MX preference: expected 0..65535, got \"mail\"", "preference forgotten"},
    {"MX", "10", "MX exchange: expected a domain name, got the end of the record", "no exchange"},
    {"HINFO", "one", "HINFO OS: expected a string", "one string of two"},
    {"TXT", "", "TXT text: expected a string", "no string"},
    {"TXT", "\"\\999\"", "TXT text: expected three digits", "escape over 255"},
    {"TXT", "\"open", "the quoted string is not closed", "lexical error"},
    {"TXT", "( a", "\"(\" is not closed", "lexical error"},
    {"TXT", "a )", "\")\" without a \"(\"", "lexical error"},
    {"X25", "1 2", "X25 record: expected no more fields", "two strings"},
    {"AAAA", "1::2::3", "AAAA address: expected an IPv6 address", "two gaps"},
    {"AAAA", "1:2:3:4:5:6:7:8:9", "AAAA address", "nine groups"},
    {"AAAA", "12345::", "AAAA address", "five digits"},
    {"AAAA", ":1::", "AAAA address", "one colon"},
    {"AAAA", "1:2:3:4:5:6:7:8::", "AAAA address", "a gap of nothing"},
    {"AAAA", "::1.2.3", "AAAA address", "bad tail"},
    {"AAAA", "fe80::1%eth0", "AAAA address", "a zone"},
    {"LOC", "91 N 0 E 0", "LOC latitude: expected degrees up to 90", "too far north"},
    {"LOC", "90 0 0.001 N 0 E 0", "LOC latitude", "just past the pole"},
    {"LOC", "1 60 N 0 E 0", "LOC latitude", "60 minutes"},
    {"LOC", "1 N 1 N 0", "LOC longitude", "the wrong letter"},
    {"LOC", "1 N 1 E", "LOC altitude: expected metres", "no altitude"},
    {"LOC", "1 N 1 E 0 90000001", "LOC size: expected metres", "too large"},
    {"LOC", "1 N 1 E 0 1.234", "LOC size", "millimetres"},
    {"SRV", "1 2 65536 a.", "SRV port: expected 0..65535", "port"},
    {"NAPTR", "1 1 u s r", "NAPTR replacement", "no replacement"},
    {"CERT", "FOO 1 1 AQ==", "CERT certificate type: expected 0..65535 or a mnemonic", "mnemonic"},
    {"APL", "3:1.2.3.4/8", "APL prefix: expected", "unknown family"},
    {"APL", "1:1.2.3.4/33", "APL prefix", "prefix too long"},
    {"APL", "1:1.2.3.4", "APL prefix", "no length"},
    {"DS", "1 5 1", "DS digest: expected hex digits", "no digest"},
    {"DS", "1 5 1 ABC", "DS digest: the number of hex digits is odd", "half an octet"},
    {"DS", "1 5 1 XY", "DS digest: expected hex digits, got \"XY\"", "not hex"},
    {"DS", "1 FOO 1 AB", "DS algorithm: expected 0..255 or a mnemonic", "mnemonic"},
    {"IPSECKEY", "1 4 1 . AQ==", "IPSECKEY gateway: gateway type 4", "gateway type"},
    {"IPSECKEY", "1 0 1 a. AQ==", "IPSECKEY gateway: expected \".\"", "a name where none is"},
    {"RRSIG",
     "A 5 3 1 20260230000000 0 1 . AQ==",
     "RRSIG expiration: expected a time",
     "30 February"},
    {"RRSIG", "A 5 3 1 20260101006000 0 1 . AQ==", "RRSIG expiration", "minute 60"},
    {"RRSIG", "A 5 3 1 21060207062816 0 1 . AQ==", "RRSIG expiration", "past 32 bits"},
    {"RRSIG", "FOO 5 3 1 0 0 1 . AQ==", "RRSIG type covered: expected a record type", "type"},
    {"NSEC", "a. FOO", "NSEC types: expected record types, got \"FOO\"", "type"},
    {"NSEC", "a. TYPE65536", "NSEC types", "type out of range"},
    {"DNSKEY", "256 3 5", "DNSKEY key: expected base64 text", "no key"},
    {"DNSKEY", "256 3 5 AQI", "DNSKEY key: the base64 text is cut off", "no padding"},
    {"DNSKEY", "256 3 5 AQ==AQ==", "DNSKEY key: expected base64 text", "digits after padding"},
    {"DNSKEY", "256 3 5 AR==", "DNSKEY key: the base64 text is cut off", "stray bits"},
    {"NSEC3", "1 0 0 abc 00000000", "NSEC3 salt: expected an even number", "odd salt"},
    {"NSEC3", "1 0 0 - 0000000w", "NSEC3 next hashed name: expected a hash", "not base32hex"},
    {"NSEC3", "1 0 0 - 0", "NSEC3 next hashed name", "half an octet"},
    {"HIP", "2 xx AQ==", "HIP host identity tag: expected", "not hex"},
    {"HIP", "2 20", "HIP public key: expected base64 text", "no key"},
    {"NID", "1 1:2:3", "NID node identifier: expected 4 groups", "three groups"},
    {"NID", "1 1:2:3:4:5", "NID node identifier", "five groups"},
    {"NID", "1 1:2:3:12345", "NID node identifier", "five digits"},
    {"EUI48", "00-00-5e-00-53", "EUI48 address: expected 6 groups of 2 hex digits", "five groups"},
    {"EUI48", "0-0-5e-0-53-2a", "EUI48 address", "one digit"},
    {"EUI48", "00:00:5e:00:53:2a", "EUI48 address", "colons"},
    {"URI", "1 1", "URI target: expected a quoted string", "no target"},
    {"CAA", "0 is-sue x", "CAA tag: expected 1..255 letters and digits", "hyphen in the tag"},
    {"CAA", "256 issue x", "CAA flags: expected 0..255", "flags"},
    {"TYPE65280", "abcd", "TYPE65280 rdata: expected the form \\# SIZE HEX", "unknown type"},
    {"TYPE65280", "\\# 2 ab", "TYPE65280 generic rdata: the size is given as 2, but 1", "size"},
    {"TYPE65280",
     "\\# 1 a",
     "TYPE65280 generic rdata: the number of hex digits is odd",
     "half an octet"},
    {"TYPE65280", "\\# 65536", "TYPE65280 generic rdata: expected 0..65535", "too long"},
    {"A",
     "\\# 3 010203",
     "A generic rdata: the octets do not fit the type: a field goes past",
     "short"},
    {"A",
     "\\# 5 0102030405",
     "A generic rdata: the octets do not fit the type: octets follow",
     "long"},
    {"NS",
     "\\# 2 C000",
     "NS generic rdata: the octets do not fit the type: a name is compressed",
     "pointer"},
};

}  // namespace

TEST_CASE("dns/rdata: text to wire to text: keeps the meaning, in the canonical spelling") {
    for (const TextRow& row : good_rows) {
        CAPTURE(row.type);
        CAPTURE(row.text);
        CAPTURE(row.reason);

        const std::string canonical = printed(row.type, row.text);

        CHECK(canonical == (row.canonical != nullptr ? row.canonical : row.text));
        CHECK(parsed(row.type, canonical) == parsed(row.type, row.text));
    }
}

TEST_CASE("dns/rdata: text to wire: refuses what is wrong and says what to change") {
    for (const RefusedRow& row : refused_rows) {
        CAPTURE(row.type);
        CAPTURE(row.text);
        CAPTURE(row.reason);

        const auto rdata = rdata_from_text(type_of(row.type), row.text, test_origin());

        REQUIRE_FALSE(rdata);
        CHECK(rdata.error().message.substr(0, std::string_view{row.message}.size()) == row.message);
    }
}

TEST_CASE("dns/rdata: text to wire: the wire is that of the RFCs") {
    CHECK(parsed("A", "192.0.2.1") == "C0000201");
    CHECK(parsed("MX", "10 a") == "000A0161076578616D706C6500");
    CHECK(parsed("TXT", "a bc") == "0161026263");
    // RFC 4034 section 4.3.
    CHECK(
        parsed("NSEC", "host.example.com. A MX RRSIG NSEC TYPE1234") ==
        "04686F7374076578616D706C6503636F6D00000640010000000304"
        "1B000000000000000000000000000000000000000000000000000020");
    // RFC 1876 section 2: size 1 m is 0x12, 10 km 0x16, 10 m 0x13.
    CHECK(parsed("LOC", "0 N 0 E 0") == "00121613800000008000000000989680");
    // RFC 3123 section 5 (first and negated item).
    CHECK(parsed("APL", "1:192.168.32.0/21 !1:192.168.38.0/28") == "00011503C0A82000011C83C0A826");
    CHECK(parsed("CAA", "0 issue \"x\"") == "0005697373756578");
    CHECK(parsed("EUI48", "00-00-5e-00-53-2a") == "00005E00532A");
    CHECK(parsed("HIP", "2 20 AQ==") == "010200012001");
}

TEST_CASE("dns/rdata: text to wire: an error knows its offset") {
    const auto rdata = rdata_from_text(type_of("MX"), "10 a..b", test_origin());

    REQUIRE_FALSE(rdata);
    CHECK(rdata.error().offset == 3);
}

TEST_CASE("dns/rdata: text to wire: a name may be 255 octets with its origin, and no more") {
    // Four labels make 246 octets, "example." takes 9.
    const std::string label(63, 'a');
    const std::string three = label + '.' + label + '.' + label + '.';

    CHECK(parsed("NS", three + std::string(53, 'b')).size() == 2 * 255);
    CHECK(parsed("NS", three + std::string(54, 'b')).contains(describe(NameErrc::name_too_long)));
    CHECK(parsed("NS", three + std::string(61, 'b') + ".").size() == 2 * 255);
    CHECK(parsed("NS", three + std::string(62, 'b') + ".")
              .contains(describe(NameErrc::name_too_long)));
    CHECK(parsed("NS", label + "a").contains(describe(NameErrc::label_too_long)));
    CHECK(parsed("NS", label + "a.").contains(describe(NameErrc::label_too_long)));
}

TEST_CASE("dns/rdata: text to wire: a string may be 255 octets, and no more") {
    CHECK(parsed("TXT", std::string(255, 'a')).starts_with("FF"));
    CHECK(parsed("TXT", std::string(256, 'a')).contains("at most 255 octets"));
    CHECK(parsed("TXT", std::string(255, 'a') + "\\097").contains("at most 255 octets"));
}

TEST_CASE("dns/rdata: text to wire: rdata may be 65535 octets, and no more") {
    const std::string octets(2 * 65535, 'A');

    CHECK(parsed("TYPE65280", "\\# 65535 " + octets) == octets);
    CHECK(parsed("TYPE65280", "\\# 65535 " + octets + "AA").contains("longer than 65535"));
    CHECK(parsed("URI", "1 1 \"" + std::string(65531, 'a') + "\"").size() == 2 * 65535);
    CHECK(parsed("URI", "1 1 \"" + std::string(65532, 'a') + "\"").contains("at most 65531"));
}

TEST_CASE("dns/rdata: wire to text: rdata that is malformed is shown as unknown octets") {
    const std::array<std::uint8_t, 3> short_address{1, 2, 3};

    CHECK(rdata_to_text(type_of("A"), short_address) == "\\# 3 010203");
}

TEST_CASE("dns/rdata: wire to text: malformed rdata leaves the output as it was") {
    const std::array<std::uint8_t, 4> cut_off{0, 10, 3, 'a'};
    std::string out = "before";

    const auto result = append_rdata_text(type_of("MX"), cut_off, out);

    REQUIRE_FALSE(result);
    CHECK(out == "before");
}

}  // namespace loom::dns
