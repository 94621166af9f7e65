// SPDX-License-Identifier: Apache-2.0
// Records, TTLs, owners and errors of master files.
#include "zone_test_scan.hpp"

#include <doctest/doctest.h>

namespace loom::dns {
namespace {

struct Row {
    const char* text;
    const char* expected;
    const char* reason;
};

std::string errors_of(std::string_view text, std::size_t errors_max = 1) {
    auto options = test_options();
    options.errors_max = errors_max;
    return scan_to_text(text, options).errors;
}

}  // namespace

TEST_CASE("dns/zone_scanner: records: every field order and layout is read") {
    constexpr Row rows[] = {
        {"a 60 IN A 1.2.3.4\n", "a.example. 60 1 A 1.2.3.4\n", "TTL, class"},
        {"a IN 60 A 1.2.3.4\n", "a.example. 60 1 A 1.2.3.4\n", "class, TTL"},
        {"a A 1.2.3.4\n", "a.example. 3600 1 A 1.2.3.4\n", "neither"},
        {"a 1h30m A 1.2.3.4\n", "a.example. 5400 1 A 1.2.3.4\n", "units"},
        {"a 1W2d3H4m5S A 1.2.3.4\n", "a.example. 788645 1 A 1.2.3.4\n", "all units, either case"},
        {"a in a 1.2.3.4\n", "a.example. 3600 1 A 1.2.3.4\n", "lower case"},
        {"a CH TXT x\n", "a.example. 3600 3 TXT \"x\"\n", "class CH"},
        {"a HS TXT x\n", "a.example. 3600 4 TXT \"x\"\n", "class HS"},
        {"a CLASS32 TYPE65280 \\# 1 ab\n", "a.example. 3600 32 TYPE65280 \\# 1 AB\n", "RFC 3597"},
        {"a TYPE1 \\# 4 01020304\n", "a.example. 3600 1 A 1.2.3.4\n", "a known type by number"},
        {"@ A 1.2.3.4\n", "example. 3600 1 A 1.2.3.4\n", "the origin"},
        {"a.b. A 1.2.3.4\n", "a.b. 3600 1 A 1.2.3.4\n", "absolute owner"},
        {". A 1.2.3.4\n", ". 3600 1 A 1.2.3.4\n", "the root"},
        {"*.a A 1.2.3.4\n", "*.a.example. 3600 1 A 1.2.3.4\n", "wildcard"},
        {"a\\.b A 1.2.3.4\n", "a\\.b.example. 3600 1 A 1.2.3.4\n", "a dot inside a label"},
        {"a\\046b A 1.2.3.4\n", "a\\.b.example. 3600 1 A 1.2.3.4\n", "the same by number"},
        {"\\@ A 1.2.3.4\n", "\\@.example. 3600 1 A 1.2.3.4\n", "an at sign as a label"},
        {"\\$a A 1.2.3.4\n", "\\$a.example. 3600 1 A 1.2.3.4\n", "a dollar that is no directive"},
        {"a A 1.2.3.4\n  A 5.6.7.8\n",
         "a.example. 3600 1 A 1.2.3.4\na.example. 3600 1 A 5.6.7.8\n",
         "blank owner"},
        {"a A 1.2.3.4\n\t60 A 5.6.7.8\n",
         "a.example. 3600 1 A 1.2.3.4\na.example. 60 1 A 5.6.7.8\n",
         "blank owner with a TTL"},
        {"a A 1.2.3.4\n\n  ; nothing\n A 5.6.7.8\n",
         "a.example. 3600 1 A 1.2.3.4\na.example. 3600 1 A 5.6.7.8\n",
         "blank and comment lines between"},
        {"a A 1.2.3.4", "a.example. 3600 1 A 1.2.3.4\n", "no newline at the end"},
        {"a A 1.2.3.4 ; end", "a.example. 3600 1 A 1.2.3.4\n", "comment at the end"},
        {"a A 1.2.3.4\r\n\r\nb A 1.2.3.4\r\n",
         "a.example. 3600 1 A 1.2.3.4\nb.example. 3600 1 A 1.2.3.4\n",
         "CRLF"},
        {"a ( A\n 1.2.3.4 )\n", "a.example. 3600 1 A 1.2.3.4\n", "parentheses"},
        {"a (\n60 ; ttl\nIN A) 1.2.3.4\n", "a.example. 60 1 A 1.2.3.4\n", "lines without blanks"},
        {"a ((A) 1.2.3.4)\n", "a.example. 3600 1 A 1.2.3.4\n", "nested parentheses"},
        {"a A(1.2.3.4)\n", "a.example. 3600 1 A 1.2.3.4\n", "no spaces around"},
        {"a TXT \"x;y\" z;w\n", "a.example. 3600 1 TXT \"x;y\" \"z\"\n", "comment after a word"},
        {"", "", "nothing"},
        {"\n\n;x\n", "", "no record"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CAPTURE(row.reason);

        const auto scanned = scan_to_text(row.text, test_options());

        CHECK(scanned.errors == "");
        CHECK(scanned.records == row.expected);
    }
}

TEST_CASE("dns/zone_scanner: $TTL and missing TTLs: RFC 2308 section 4 and RFC 1035") {
    auto options = test_options();
    options.default_ttl.reset();
    const auto records = [&](std::string_view text) { return scan_to_text(text, options).records; };

    CHECK(records("$TTL 1h\na A 1.2.3.4\n") == "a.example. 3600 1 A 1.2.3.4\n");
    CHECK(
        records("$ttl 5\na 9 A 1.2.3.4\nb A 1.2.3.4\n") ==
        "a.example. 9 1 A 1.2.3.4\nb.example. 5 1 A 1.2.3.4\n");
    CHECK(
        records("a 9 A 1.2.3.4\nb A 1.2.3.4\n") ==
        "a.example. 9 1 A 1.2.3.4\nb.example. 9 1 A 1.2.3.4\n");
    CHECK(
        records("@ SOA a. b. 1 2 3 4 5\nb A 1.2.3.4\n") ==
        "example. 5 1 SOA a. b. 1 2 3 4 5\nb.example. 5 1 A 1.2.3.4\n");
    CHECK(
        scan_to_text("a A 1.2.3.4\n", options).errors ==
        "zone:1:3: the record has no TTL, put a $TTL line before it\n");
}

TEST_CASE("dns/zone_scanner: $ORIGIN: relative names follow it") {
    const auto scanned = scan_to_text(
        "$ORIGIN sub\na MX 1 b\n$ORIGIN .\nc. A 1.2.3.4\nd A 1.2.3.4\n", test_options());

    CHECK(
        scanned.records == "a.sub.example. 3600 1 MX 1 b.sub.example.\n"
                           "c. 3600 1 A 1.2.3.4\n"
                           "d. 3600 1 A 1.2.3.4\n");
}

TEST_CASE("dns/zone_scanner: classes: a record without one takes the last one") {
    const auto scanned = scan_to_text("a CH TXT x\nb TXT y\n", test_options());

    CHECK(scanned.records == "a.example. 3600 3 TXT \"x\"\nb.example. 3600 3 TXT \"y\"\n");
}

TEST_CASE("dns/zone_scanner: errors: the place and what to change are said") {
    constexpr Row rows[] = {
        {"a A 300.1.1.1\n",
         "zone:1:5: A address: expected an IPv4 address such as 192.0.2.1, got \"300.1.1.1\"",
         "rdata"},
        {"\na A 1.2.3.4\n\n  MX 70000 b\n",
         "zone:4:6: MX preference: expected 0..65535, got \"70000\"",
         "line"},
        {"a TXT ( x\n y\n \"z )\n",
         "zone:3:2: the quoted string is not closed on its line",
         "inside parentheses"},
        {"a MX (\n 10 ; c\n  b..c )\n",
         "zone:3:3: MX exchange: expected a domain name",
         "inside parentheses"},
        {"a TXT (x\ny", "zone:1:7: \"(\" is not closed", "end of file in parentheses"},
        {"a TXT x)\n", "zone:1:8: \")\" without", "lone parenthesis"},
        {" A 1.2.3.4\n", "zone:1:2: there is no owner", "first owner blank"},
        {"a..b A 1.2.3.4\n", "zone:1:1: owner: expected a domain name, got \"a..b\"", "owner"},
        {"\"a\" A 1.2.3.4\n", "zone:1:1: owner: expected a domain name, got \"a\"", "quoted owner"},
        {"a\n", "zone:1:2: expected a record type, got the end of the record", "owner alone"},
        {"a AAAAA ::\n", "zone:1:3: expected a record type, got \"AAAAA\"", "unknown type"},
        {"a IN IN A 1.2.3.4\n", "zone:1:6: expected a record type, got \"IN\"", "class twice"},
        {"a 1 2 A 1.2.3.4\n", "zone:1:5: expected a record type, got \"2\"", "TTL twice"},
        {"a 2147483648 A 1.2.3.4\n", "zone:1:3: TTL: expected 0..2147483647", "RFC 2181 section 8"},
        {"a 1h30 A 1.2.3.4\n",
         "zone:1:3: TTL: expected 0..2147483647",
         "a number without its unit"},
        {"a ANY x\n", "zone:1:3: type ANY cannot be in a zone", "question type"},
        {"a OPT x\n", "zone:1:3: type OPT cannot be in a zone", "message type"},
        {"a CLASS255 A 1.2.3.4\n", "zone:1:3: class CLASS255 cannot be in a zone", "class ANY"},
        {"$ORIGIN\n", "zone:1:8: $ORIGIN: expected a domain name, got the end", "no origin"},
        {"$ORIGIN a b\n", "zone:1:11: expected nothing more on the line, got \"b\"", "two"},
        {"$TTL x\n", "zone:1:6: $TTL: expected", "not a TTL"},
        {"$FOO x\n", "zone:1:1: unknown directive \"$FOO\"", "directive"},
        {"a TXT \\", "zone:1:7: \"\\\" with nothing after it", "lone backslash"},
        {"a TXT x\\\n", "zone:1:8: \"\\\" at the end of a line", "backslash before a newline"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CAPTURE(row.reason);

        CHECK(errors_of(row.text).substr(0, std::string_view{row.expected}.size()) == row.expected);
    }
    CHECK(errors_of(std::string_view{"a TXT x\0y\n", 10}).starts_with("zone:1:8: NUL octet"));
}

TEST_CASE("dns/zone_scanner: errors: by default the scan stops at the first") {
    const auto scanned = scan_to_text("a A x\nb A 1.2.3.4\nc A x\n", test_options());

    CHECK(scanned.records == "");
    CHECK(scanned.errors.contains("zone:1:5"));
    CHECK_FALSE(scanned.errors.contains("zone:3"));
}

TEST_CASE("dns/zone_scanner: errors: with a limit the scan goes on to it") {
    auto options = test_options();
    options.errors_max = 3;

    const auto scanned = scan_to_text(
        "a A x\nb A 1.2.3.4\nc TXT ( \"x\n y )\nd A 5.6.7.8\n$ORIGIN a..b\ne A 1.2.3.4\n", options);

    CHECK(scanned.records == "b.example. 3600 1 A 1.2.3.4\n");
    CHECK(scanned.errors.contains("zone:1:5"));
    CHECK(scanned.errors.contains("zone:3:9"));
    // The rest of the record with the open quote is not a record.
    CHECK(scanned.errors.contains("zone:4:2"));
}

TEST_CASE("dns/zone_scanner: errors: blank owners after a bad owner are reported too") {
    const std::string errors =
        errors_of("a A 1.2.3.4\nb..c A 1.2.3.4\n A 1.2.3.4\nd A 1.2.3.4\n", 9);

    CHECK(errors.contains("zone:2:1"));
    CHECK(errors.contains("zone:3:2: there is no owner"));
    CHECK_FALSE(errors.contains("zone:4"));
}

TEST_CASE("dns/zone_scanner: sink: may stop the scan") {
    int seen = 0;
    const auto result = scan_zone_text(
        "a A 1.2.3.4\nb A 1.2.3.4\n", "zone", test_options(), [&](const ZoneRecord&) {
            ++seen;
            return ScanStep::stop;
        });

    CHECK(seen == 1);
    CHECK(result.stopped);
    CHECK_FALSE(result.ok());
    CHECK(result.errors.empty());
}

TEST_CASE("dns/zone_scanner: sink: its complaints carry the place of the record") {
    auto options = test_options();
    options.errors_max = 2;
    const auto result = scan_zone_text(
        "a A 1.2.3.4\n A 1.2.3.4\nc A 1.2.3.4\n",
        "zone",
        options,
        [](const ZoneRecord&) -> std::expected<void, std::string> {
            return std::unexpected{std::string{"not wanted"}};
        });

    REQUIRE(result.errors.size() == 2);
    CHECK(result.errors[0].to_string() == "zone:1:1: not wanted");
    CHECK(result.errors[1].to_string() == "zone:2:2: not wanted");
    CHECK(result.records == 2);
}

TEST_CASE("dns/zone_scanner: bounds: text longer than a piece is read, with right lines") {
    std::string text;
    constexpr int count = 60'000;
    for (int i = 0; i != count; ++i) {
        text += "host" + std::to_string(i) + " TXT ( \"some text\"\n ; comment\n \"more\" )\n";
    }
    text += "bad A x\n";
    std::uint64_t records = 0;
    bool good = true;
    const auto result = scan_zone_text(text, "zone", test_options(), [&](const ZoneRecord& record) {
        good = good && record.position.line == 3 * records + 1 && record.rdata.size() == 15;
        ++records;
    });

    CHECK(good);
    CHECK(records == count);
    REQUIRE(result.errors.size() == 1);
    CHECK(result.errors[0].line == 3 * count + 1);
}

TEST_CASE("dns/zone_scanner: bounds: a record may be long, but not endless") {
    const std::string comment = "; " + std::string(600'000, 'x') + '\n';

    CHECK(errors_of("a TXT ( x\n" + comment + ")\n") == "");
    CHECK(errors_of("a TXT ( x\n" + comment + comment + comment + comment + ")\nb A 1.2.3.4\n")
              .starts_with("zone:1:1: the record is longer than 1048576 octets"));
}

TEST_CASE("dns/zone_scanner: bounds: parentheses are not nested without end") {
    CHECK(errors_of("a TXT " + std::string(100, '(') + "x" + std::string(100, ')') + "\n") == "");
    CHECK(errors_of("a TXT " + std::string(101, '(')).contains("nested too deeply"));
}

TEST_CASE("dns/zone_scanner: bounds: the number of records is limited") {
    auto options = test_options();
    options.records_max = 1;

    const auto scanned = scan_to_text("a A 1.2.3.4\nb A 1.2.3.4\n", options);

    CHECK(scanned.records == "a.example. 3600 1 A 1.2.3.4\n");
    CHECK(scanned.errors == "zone:2:1: more than 1 records\n");
}

}  // namespace loom::dns
