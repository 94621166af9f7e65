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

TEST_CASE("plugin/log: a format of one's own: is the message") {
    Harness h{
        loom_module_0,
        {{"format",
          "{remote} {local} {/geoip/country/code} {/geoip/city} {name} {>do} {>rflags} {>opcode} "
          "{kind}!"}}};
    h.behind.push(address);

    h.ask(Question{"WWW.example.org. A"}
              .client("2001:db8::1")
              .local("192.0.2.1")
              .meta("geoip/country/code", "NO"));

    REQUIRE(h.log().size() == 1);
    CHECK(h.log()[0].fields.empty());
    CHECK(
        h.log()[0].message ==
        "[2001:db8::1] 192.0.2.1 NO - WWW.example.org. false qr,aa,rd 0 success!");
}

TEST_CASE("plugin/log: hostile names and facts: cannot look like other parts of a line") {
    Harness h{loom_module_0, {{"format", "\"{name}\" \"{/geoip/city}\""}}};
    h.behind.push(address);

    h.ask(Question{"a\\\"\\032b\\010c.example.org. A"}.meta(
        "geoip/city", "x\" \n\\y z" + std::string(300, 'l')));

    REQUIRE(h.log().size() == 1);
    CHECK(
        h.log()[0].message ==
        "\"a\\\"\\032b\\010c.example.org.\" \"x\\034 \\010\\092y z" + std::string(247, 'l') + "\"");
}

TEST_CASE("plugin/log: fields: those that are named") {
    Harness h{loom_module_0, {{"fields", List{"opcode", "/geoip/city", "local"}}}};
    h.behind.push(address);

    h.ask(Question{"www.example.org. A"}.meta("geoip/city", "New York"));

    REQUIRE(h.log().size() == 1);
    CHECK(
        h.log()[0].fields ==
        std::vector<std::pair<std::string, std::string>>{
            {"opcode", "0"}, {"geoip/city", "New York"}, {"local", "192.0.2.1"}});
}

TEST_CASE("plugin/log: facts: tells class and type of the response to the plugins in front") {
    Harness h{loom_module_0, {{"class", "error"}}};
    h.behind.push(address).push(nxdomain);

    const auto good = h.ask("www.example.org. A");
    CHECK(good.meta.find("log/class")->second == "success");
    CHECK(good.meta.find("log/type")->second == "NOERROR");
    const auto bad = h.ask("www.example.org. A");
    CHECK(bad.meta.find("log/class")->second == "denial");
    CHECK(bad.meta.find("log/type")->second == "NXDOMAIN");
    CHECK(h.log().empty());
}

TEST_CASE("plugin/log: rate: lines beyond it are counted") {
    Harness h{loom_module_0, {{"rate", 2}}};
    h.behind.otherwise([](const auto&) { return nxdomain; });

    for (int i = 0; i < 5; ++i) h.ask("www.example.org. A");
    CHECK(h.log().size() == 2);
    CHECK(h.metric("dnsloom_log_limited_total") == 3);
    h.advance(500ms);
    h.ask("www.example.org. A");
    CHECK(h.log().size() == 3);
}

TEST_CASE("plugin/log: options: mistakes in format and fields are refused") {
    const auto says = [](Table settings, std::string_view part) {
        return Harness::refusal(loom_module_0, std::move(settings)).find(part) != std::string::npos;
    };
    CHECK(says({{"format", "{rmote}"}}, "did you mean \"remote\"?"));
    CHECK(says({{"format", "json"}}, "log_format = \"json\" in [host]"));
    CHECK(says({{"format", "comon"}}, "write fields, common, combined"));
    CHECK(says({{"fields", "clinet"}}, "did you mean \"client\"?"));
    CHECK(says({{"fields", "/geoip"}}, "there is no field"));
    CHECK(says({{"fields", "name"}, {"format", "common"}}, "goes with format"));
    CHECK(says({{"rate", -1}}, "rate"));
}

TEST_CASE("plugin/log: options: an unknown class is refused") {
    CHECK(Harness::refusal(loom_module_0, {{"class", "odd"}}).find("denial") != std::string::npos);
}
