// SPDX-License-Identifier: Apache-2.0
// SVCB and HTTPS parameters (RFC 9460, with the vectors of its appendix D).
#include "zone_test_names.hpp"

#include <dnsloom/dns/base_encoding.hpp>
#include <dnsloom/dns/rdata.hpp>

#include <doctest/doctest.h>

#include <string>

namespace loom::dns {
namespace {

constexpr std::uint16_t svcb = 64;
constexpr std::uint16_t https = 65;

std::string wire_of(std::string_view text) {
    const auto rdata = rdata_from_text(svcb, text, test_origin());
    if (!rdata) return rdata.error().message;
    std::string out;
    append_base(Base::hex, *rdata, out);
    return out;
}

std::string printed(std::string_view text) {
    const auto rdata = rdata_from_text(https, text, test_origin());
    return rdata ? rdata_to_text(https, *rdata) : rdata.error().message;
}

constexpr const char* foo_example_com = "03666F6F076578616D706C6503636F6D00";
constexpr const char* foo_example_org = "03666F6F076578616D706C65036F726700";

struct Row {
    const char* text;
    const char* expected;
    const char* reason;
};

}  // namespace

TEST_CASE("dns/rdata: SVCB text to wire: gives the vectors of RFC 9460 appendix D") {
    const std::string com = foo_example_com;
    const std::string org = foo_example_org;

    CHECK(wire_of("0 foo.example.com.") == "0000" + com);
    CHECK(wire_of("1 .") == "000100");
    CHECK(wire_of("16 foo.example.com. port=53") == "0010" + com + "000300020035");
    CHECK(wire_of("1 foo.example.com. key667=hello") == "0001" + com + "029B000568656C6C6F");
    CHECK(
        wire_of("1 foo.example.com. key667=\"hello\\210qoo\"") ==
        "0001" + com + "029B000968656C6C6FD2716F6F");
    CHECK(
        wire_of("1 foo.example.com. ( ipv6hint=\"2001:db8::1,2001:db8::53:1\" )") ==
        "0001" + com + "0006002020010DB800000000000000000000000120010DB8000000000000000000530001");
    CHECK(
        wire_of(
            "16 foo.example.org. ( alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1 )") ==
        "0010" + org +
            "000000040001000400010009026832056833"
            "2D3139"
            "00040004C0000201");
    // f\\oo,bar and h2, with the comma and backslash escaped twice.
    const std::string escaped = "0010" + org + "0001000C08665C6F6F2C626172026832";
    CHECK(wire_of("16 foo.example.org. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"") == escaped);
    CHECK(wire_of("16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2") == escaped);
}

TEST_CASE("dns/rdata: SVCB text to wire: refuses what is not well formed or not consistent") {
    constexpr Row rows[] = {
        {"1 foo. key123=abc key123=def", "SVCB parameters: expected each key once", "appendix D.3"},
        {"1 foo. mandatory", "SVCB mandatory: expected other keys", "appendix D.3: no value"},
        {"1 foo. alpn", "SVCB alpn: expected protocol names", "appendix D.3: no value"},
        {"1 foo. port", "SVCB port: expected 0..65535", "appendix D.3: no value"},
        {"1 foo. ipv4hint", "SVCB ipv4hint: expected IPv4", "appendix D.3: no value"},
        {"1 foo. ipv6hint", "SVCB ipv6hint: expected IPv6", "appendix D.3: no value"},
        {"1 foo. no-default-alpn=abc", "SVCB no-default-alpn: expected no value", "appendix D.3"},
        {"1 foo. mandatory=key123", "SVCB parameters: every key", "appendix D.3: not there"},
        {"1 foo. mandatory=mandatory", "SVCB mandatory: expected other keys", "appendix D.3"},
        {"1 foo. mandatory=key9,key9 key9=abc", "SVCB mandatory: expected other keys", "twice"},
        {"1 foo. no-default-alpn", "SVCB parameters: every key", "section 7.1: needs alpn"},
        {"1 foo. alpn=h2,,h3", "SVCB alpn: expected", "empty item"},
        {"1 foo. alpn=h2,", "SVCB alpn: expected", "comma at the end"},
        {"1 foo. alpn=\"\"", "SVCB alpn: expected", "empty list"},
        {"1 foo. alpn=a\\\\b", "SVCB alpn: expected", "list escape of nothing"},
        {"1 foo. port=65536", "SVCB port: expected 0..65535", "range"},
        {"1 foo. port=053", "SVCB port: expected 0..65535", "leading zero"},
        {"1 foo. ipv4hint=1.2.3", "SVCB ipv4hint: expected IPv4", "address"},
        {"1 foo. ech=A", "SVCB ech: expected base64", "not base64"},
        {"1 foo. dohpath=dns-query", "SVCB dohpath: expected a path", "no slash, no variable"},
        {"1 foo. key01=a", "SVCB parameter: expected a key", "leading zero"},
        {"1 foo. key65536=a", "SVCB parameter: expected a key", "range"},
        {"1 foo. ALPN=h2", "SVCB parameter: expected a key", "keys are lower case"},
        {"1 foo. \"alpn=h2\"", "SVCB parameter: expected a key", "quoted as a whole"},
        {"1 foo. key1=h2", "SVCB key1: expected protocol names", "wire form of alpn is wrong"},
        {"1 foo. key7=\\1", "SVCB key7: expected three digits", "escape"},
        {"70000 foo.", "SVCB priority: expected 0..65535", "range"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CAPTURE(row.reason);

        CHECK(wire_of(row.text).starts_with(row.expected));
    }
}

TEST_CASE("dns/rdata: HTTPS wire to text: gives parameters in the order of their keys") {
    constexpr Row rows[] = {
        {"1 . port=8443 alpn=h3,h2 no-default-alpn",
         "1 . alpn=\"h3,h2\" no-default-alpn port=8443",
         "order"},
        {"1 . key1=\\002h2", "1 . alpn=\"h2\"", "a known key as octets"},
        {"1 . alpn=\"a\\\\,b\\\\\\\\\"", "1 . alpn=\"a\\\\,b\\\\\\\\\"", "escapes twice"},
        {"1 . key667=\"a b\\\"\"", "1 . key667=\"a b\\\"\"", "escapes once"},
        {"1 . key667 ohttp", "1 . ohttp key667", "no values"},
        {"1 . ech=AQID dohpath=/q{?dns}", "1 . ech=AQID dohpath=\"/q{?dns}\"", "ech and path"},
        {"1 . ipv4hint=1.2.3.4,5.6.7.8 ipv6hint=::1",
         "1 . ipv4hint=1.2.3.4,5.6.7.8 ipv6hint=::1",
         "hints"},
        {"1 . mandatory=port,key700 key700 port=1",
         "1 . mandatory=port,key700 port=1 key700",
         "mandatory"},
        {"0 a", "0 a.example.", "alias"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CAPTURE(row.reason);

        CHECK(printed(row.text) == row.expected);
    }
}

TEST_CASE("dns/rdata: SVCB check: refuses parameters out of order or cut off") {
    constexpr Row rows[] = {
        {"000100"
         "00030002"
         "0035",
         "",
         "good"},
        {"000100"
         "00030002"
         "0035"
         "00030002"
         "0035",
         "bad_value",
         "twice"},
        {"000100"
         "00030002"
         "0035"
         "00010003"
         "026832",
         "bad_value",
         "alpn after port"},
        {"000100"
         "00030002"
         "00",
         "truncated",
         "value cut off"},
        {"000100"
         "000300",
         "truncated",
         "header cut off"},
        {"000100"
         "00010003"
         "036832",
         "bad_value",
         "alpn item past its value"},
        {"000100"
         "00010001"
         "00",
         "bad_value",
         "empty alpn item"},
        {"000100"
         "00000002"
         "0003",
         "bad_value",
         "mandatory key is not there"},
        {"000100"
         "00000004"
         "00040003"
         "00030002"
         "0035",
         "bad_value",
         "mandatory out of order"},
        {"000100"
         "00040003"
         "010203",
         "bad_value",
         "address cut off"},
        {"0001C000", "compressed_name", "target compressed"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CAPTURE(row.reason);
        const auto rdata = decode_base(Base::hex, row.text);
        REQUIRE(rdata);

        const auto checked = check_rdata(svcb, *rdata);

        const std::string_view expected = row.expected;
        CHECK(checked.has_value() == expected.empty());
        if (expected == "bad_value") CHECK(checked.error() == RdataErrc::bad_value);
        if (expected == "truncated") CHECK(checked.error() == RdataErrc::truncated);
        if (expected == "compressed_name") CHECK(checked.error() == RdataErrc::compressed_name);
    }
}

}  // namespace loom::dns
