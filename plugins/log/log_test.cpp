// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

namespace {

using loom::harness::Harness;
using loom::harness::List;
using loom::harness::Question;
using loom::harness::Reply;
using loom::harness::Table;
using namespace std::chrono_literals;

const Reply address{.flags = LOOM_FLAG_AA, .answer = {"www.example.org. A 192.0.2.1"}};
const Reply nxdomain{.rcode = 3};
const Reply servfail{.rcode = 2};

}  // namespace

TEST_CASE("plugin/log: fields: tells everything about a query and its response") {
    Harness h{loom_module_0};
    h.behind.push(address);

    h.ask(Question{"WWW.example.org. A"}.id(77).client("192.0.2.9", 4242).edns(4096).dnssec());

    REQUIRE(h.log().size() == 1);
    const auto& line = h.log()[0];
    CHECK(line.level == LOOM_LOG_INFO);
    CHECK(line.message == "query");
    CHECK(line.field("client") == "192.0.2.9");
    CHECK(line.field("port") == "4242");
    CHECK(line.field("id") == "77");
    CHECK(line.field("proto") == "udp");
    CHECK(line.field("type") == "A");
    CHECK(line.field("class") == "IN");
    CHECK(line.field("name") == "WWW.example.org.");
    CHECK(line.field("size") == "44");  // 12 + 21 + 11
    CHECK(line.field("do") == "true");
    CHECK(line.field("bufsize") == "4096");
    CHECK(line.field("rcode") == "NOERROR");
    CHECK(line.field("rflags") == "qr,aa,rd");
    CHECK(line.field("rsize") == "49");  // 33 and a record of 16 octets
    CHECK(line.field("duration") == "0.000000s");
    CHECK(line.field("kind") == "success");
}

TEST_CASE("plugin/log: duration: is the time from receipt to response") {
    Harness h{loom_module_0, {{"class", "all"}}};
    h.behind.push(Reply{.rcode = 3, .after = 250ms});

    auto flight = h.send("example.org.");
    h.advance(250ms);

    REQUIRE(h.log().size() == 1);
    CHECK(h.log()[0].field("duration") == "0.250000s");
}

TEST_CASE("plugin/log: common: is CoreDNS's line") {
    Harness h{loom_module_0, {{"format", "common"}}};
    h.behind.push(address);

    h.ask(Question{"www.example.org. A"}.id(7).client("2001:db8::1", 53).recursion_desired(false));

    REQUIRE(h.log().size() == 1);
    CHECK(h.log()[0].fields.empty());
    CHECK(
        h.log()[0].message ==
        R"([2001:db8::1]:53 - 7 "A IN www.example.org. udp 33 false 512" NOERROR qr,aa 49 0.000000s)");
}

TEST_CASE("plugin/log: combined: ends with the opcode") {
    Harness h{loom_module_0, {{"format", "combined"}}};
    h.behind.push(address);

    h.ask("www.example.org. A");

    REQUIRE(h.log().size() == 1);
    CHECK(h.log()[0].message.ends_with("s 0"));
}

TEST_CASE("plugin/log: class: leaves out other responses") {
    Harness h{loom_module_0, {{"class", List{"denial", "error"}}}};
    h.behind.push(address).push(nxdomain).push(servfail);

    h.ask("www.example.org. A");
    h.ask("www.example.org. A");
    h.ask("www.example.org. A");

    REQUIRE(h.log().size() == 2);
    CHECK(h.log()[0].field("kind") == "denial");
    CHECK(h.log()[1].field("kind") == "error");
}

TEST_CASE("plugin/log: names: leaves out other names, whatever their case") {
    Harness h{loom_module_0, {{"names", List{"Example.org", "10.in-addr.arpa"}}}};
    h.behind.otherwise([](const auto&) { return nxdomain; });

    h.ask("example.org.");
    h.ask("a.b.EXAMPLE.org.");
    h.ask("1.10.in-addr.arpa. PTR");
    h.ask("notexample.org.");
    h.ask("org.");

    REQUIRE(h.log().size() == 3);
    CHECK(h.log()[1].field("name") == "a.b.EXAMPLE.org.");
}

TEST_CASE("plugin/log: the root in names: covers everything") {
    Harness h{loom_module_0, {{"names", "."}}};
    h.behind.otherwise([](const auto&) { return nxdomain; });

    h.ask("example.org.");
    h.ask(". NS");

    CHECK(h.log().size() == 2);
}

TEST_CASE("plugin/log: log level above info: writes nothing") {
    Harness h{loom_module_0};
    h.set_log_level(LOOM_LOG_WARNING);
    h.behind.push(address);

    const auto answer = h.ask("www.example.org. A");

    CHECK(h.log().empty());
    CHECK(answer.rcode == 0);
}

TEST_CASE("plugin/log: nobody answers: logs the host's REFUSED") {
    Harness h{loom_module_0};

    h.ask("www.example.org. A");

    REQUIRE(h.log().size() == 1);
    CHECK(h.log()[0].field("rcode") == "REFUSED");
}

TEST_CASE("plugin/log: options: an unknown class is refused") {
    CHECK(Harness::refusal(loom_module_0, {{"class", "odd"}}).find("denial") != std::string::npos);
}
