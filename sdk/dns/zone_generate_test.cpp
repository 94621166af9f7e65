// SPDX-License-Identifier: Apache-2.0
// $GENERATE.
#include "zone_test_scan.hpp"

#include <doctest/doctest.h>

namespace loom::dns {
namespace {

struct Row {
    const char* text;
    const char* expected;
    const char* reason;
};

}  // namespace

TEST_CASE("dns/zone_scanner: $GENERATE: writes a record for each number") {
    constexpr Row rows[] = {
        {"1-2 h$ A 10.0.0.$",
         "h1.example. 3600 1 A 10.0.0.1\nh2.example. 3600 1 A 10.0.0.2\n",
         "range"},
        {"0-4/2 $ CNAME x$.",
         "0.example. 3600 1 CNAME x0.\n2.example. 3600 1 CNAME x2.\n4.example. 3600 1 CNAME x4.\n",
         "step"},
        {"9-9 h${1} 60 IN A 10.0.0.${-8}", "h10.example. 60 1 A 10.0.0.1\n", "offsets, TTL, class"},
        {"7-7 h${0,3} A 1.2.3.4", "h007.example. 3600 1 A 1.2.3.4\n", "width"},
        {"63-63 h${0,4,x} A 1.2.3.4", "h003f.example. 3600 1 A 1.2.3.4\n", "hex"},
        {"63-63 h${0,0,X} A 1.2.3.4", "h3F.example. 3600 1 A 1.2.3.4\n", "upper-case hex"},
        {"63-63 h${0,0,o} A 1.2.3.4", "h77.example. 3600 1 A 1.2.3.4\n", "octal"},
        {"63-63 ${0,3,n} A 1.2.3.4", "f.3.example. 3600 1 A 1.2.3.4\n", "nibbles, width with dots"},
        {"10-10 ${0,5,N} A 1.2.3.4", "A.0.0.example. 3600 1 A 1.2.3.4\n", "upper-case nibbles"},
        {"1-1 a$$b A 1.2.3.4", "a\\$b.example. 3600 1 A 1.2.3.4\n", "a dollar"},
        {"1-1 a\\$b A 1.2.3.4", "a\\$b.example. 3600 1 A 1.2.3.4\n", "an escaped dollar"},
        {"1-1 @ MX \"1$ m$\"", "example. 3600 1 MX 11 m1.example.\n", "rdata in quotes"},
        {"1-1 @ MX 1$ m$", "example. 3600 1 MX 11 m1.example.\n", "rdata in words"},
        {"1-1 @ TXT \"a $\" \"b $\"", "example. 3600 1 TXT \"a 1\" \"b 1\"\n", "two strings"},
        {"1-1 @ TXT \"\\\"a $\\\"\"", "example. 3600 1 TXT \"a 1\"\n", "quotes in quotes"},
        {"1-2 @ ( A\n 10.0.0.$ )",
         "example. 3600 1 A 10.0.0.1\nexample. 3600 1 A 10.0.0.2\n",
         "over lines"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CAPTURE(row.reason);

        const auto scanned =
            scan_to_text("$GENERATE " + std::string{row.text} + '\n', test_options());

        CHECK(scanned.errors == "");
        CHECK(scanned.records == row.expected);
    }
}

TEST_CASE("dns/zone_scanner: $GENERATE: refuses what cannot be meant") {
    constexpr Row rows[] = {
        {"", "zone:1:11: $GENERATE: expected START-STOP", "nothing"},
        {"2-1 h$ A 1.2.3.4", "zone:1:11: $GENERATE: expected START-STOP", "backwards"},
        {"1-2/0 h$ A 1.2.3.4", "zone:1:11: $GENERATE: expected START-STOP", "no step"},
        {"1-99999999999 h$ A 1.2.3.4", "zone:1:11: $GENERATE: expected START-STOP", "over 31 bits"},
        {"1-1000001 h$ A 1.2.3.4", "zone:1:11: $GENERATE: more than 1000000 records", "too many"},
        {"1-2 h${ A 1.2.3.4",
         "zone:1:15: $GENERATE at 1: owner: after a \"$\", expected",
         "format"},
        {"1-2 h${0,0,b} A 1.2.3.4", "zone:1:15: $GENERATE at 1: owner: after a \"$\"", "base"},
        {"1-2 h${0,256} A 1.2.3.4", "zone:1:15: $GENERATE at 1: owner: after a \"$\"", "width"},
        {"1-2 h${-2} A 1.2.3.4", "zone:1:15: $GENERATE at 1: owner: an offset makes", "negative"},
        {"255-300 h$ A 10.0.0.$",
         "zone:1:24: $GENERATE at 256: A address: expected an IPv4",
         "rdata"},
        {"1-2 h$ A \"(\"", "zone:1:20: $GENERATE at 1: \"(\" is not closed", "lexical"},
        {"1-2 h$..a A 1.2.3.4",
         "zone:1:15: $GENERATE at 1: owner: expected a domain name",
         "owner"},
        {"1-2 h$ FOO x", "zone:1:18: expected a record type, got \"FOO\"", "type"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CAPTURE(row.reason);

        const auto scanned =
            scan_to_text("$GENERATE " + std::string{row.text} + '\n', test_options());

        CHECK(scanned.errors.substr(0, std::string_view{row.expected}.size()) == row.expected);
    }
}

TEST_CASE("dns/zone_scanner: $GENERATE: leaves the owner before it for blank owners") {
    const auto scanned =
        scan_to_text("a A 1.2.3.4\n$GENERATE 1-1 h$ A 1.2.3.4\n A 5.6.7.8\n", test_options());

    CHECK(scanned.records.ends_with("a.example. 3600 1 A 5.6.7.8\n"));
}

}  // namespace loom::dns
