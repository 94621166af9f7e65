// SPDX-License-Identifier: Apache-2.0
// What a client and the plugins behind see.

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace loom::harness;

namespace {

using Lines = std::vector<std::string>;

Harness with(List rules) { return Harness{loom_module_0, {{"rules", std::move(rules)}}}; }

// What the plugins behind are asked for.
std::string asked(List rules, const Question& question) {
    Harness h{loom_module_0, {{"rules", std::move(rules)}}};
    h.behind.push({});
    h.ask(question);
    const Asked& last = h.behind.asked().back();
    return last.name + ' ' + last.type;
}

// What the client gets for `answer`.
Lines answered(List rules, const Question& question, Lines answer) {
    Harness h{loom_module_0, {{"rules", std::move(rules)}}};
    Reply reply;
    reply.answer = std::move(answer);
    h.behind.push(reply);
    return h.ask(question).answer;
}

std::string mail_name(const Answer& answer) {
    return answer.answer.empty() ? "" : answer.answer[0];
}

}  // namespace

TEST_CASE("plugin/rewrite: name exact: asks for the other, and the client sees its own") {
    const List rules{Table{{"field", "name"}, {"from", "old.example"}, {"to", "new.example"}}};
    CHECK(asked(rules, "OLD.example. A") == "new.example. A");
    CHECK(asked(rules, "x.old.example. A") == "x.old.example. A");
    CHECK(
        answered(rules, "old.example. A", {"new.example. 60 IN A 192.0.2.1"}) ==
        Lines{"old.example. 60 IN A 192.0.2.1"});
}

TEST_CASE("plugin/rewrite: name exact: turns names in the data back, too") {
    const List rules{Table{{"field", "name"}, {"from", "old.example"}, {"to", "new.example"}}};
    CHECK(
        answered(
            rules,
            "old.example. MX",
            {"new.example. 60 IN MX 10 mail.new.example.",
             "new.example. 60 IN MX 20 mail.other.example."}) ==
        Lines{
            "old.example. 60 IN MX 10 mail.old.example.",
            "old.example. 60 IN MX 20 mail.other.example."});
}

TEST_CASE("plugin/rewrite: name suffix: takes whole labels, and keeps the spelling in front") {
    const List below{Table{
        {"field", "name"}, {"match", "suffix"}, {"from", ".example.org"}, {"to", ".internal"}}};
    CHECK(asked(below, "WwW.Example.Org. A") == "WwW.internal. A");
    CHECK(asked(below, "example.org. A") == "example.org. A");
    CHECK(asked(below, "notexample.org. A") == "notexample.org. A");
    const List with_itself{
        Table{{"field", "name"}, {"match", "suffix"}, {"from", "example.org"}, {"to", "internal"}}};
    CHECK(asked(with_itself, "example.org. A") == "internal. A");
}

TEST_CASE("plugin/rewrite: name suffix: answers are turned back on request only") {
    const auto rules = [](const char* answer) {
        return List{Table{
            {"field", "name"},
            {"match", "suffix"},
            {"from", ".example.org"},
            {"to", ".internal"},
            {"answer", answer}}};
    };
    const Lines answer{
        "www.internal. 60 IN CNAME a.b.internal.", "a.b.internal. 60 IN A 192.0.2.1"};
    CHECK(answered(rules("none"), "www.example.org. A", answer) == answer);
    CHECK(
        answered(rules("auto"), "www.example.org. A", answer) ==
        Lines{
            "www.example.org. 60 IN CNAME a.b.example.org.", "a.b.example.org. 60 IN A 192.0.2.1"});
}

TEST_CASE("plugin/rewrite: name prefix, substring and regex: work on the text of a name") {
    CHECK(
        asked(
            {Table{{"field", "name"}, {"match", "prefix"}, {"from", "old-"}, {"to", "new-"}}},
            "Old-www.example. A") == "new-www.example. A");
    CHECK(
        asked(
            {Table{{"field", "name"}, {"match", "substring"}, {"from", ".a."}, {"to", ".b."}}},
            "x.a.example. A") == "x.b.example. A");
    CHECK(
        asked(
            {Table{
                {"field", "name"},
                {"match", "regex"},
                {"from", "^(.*)-(us|eu)\\.example\\.$"},
                {"to", "{1}.{2}.internal"}}},
            "db-eu.example. A") == "db.eu.internal. A");
}

TEST_CASE("plugin/rewrite: name regex with auto: the new name is turned back, not others") {
    const List rules{Table{
        {"field", "name"},
        {"match", "regex"},
        {"from", "^(.*)\\.example\\.$"},
        {"to", "{1}.internal"},
        {"answer", "auto"}}};
    CHECK(
        answered(
            rules,
            "a.example. A",
            {"a.internal. 60 IN CNAME b.internal.", "b.internal. 60 IN A 192.0.2.1"}) ==
        Lines{"a.example. 60 IN CNAME b.internal.", "b.internal. 60 IN A 192.0.2.1"});
}

TEST_CASE("plugin/rewrite: a name that is none: is SERVFAIL and counted") {
    Harness h = with({Table{{"field", "name"}, {"match", "regex"}, {"from", "x"}, {"to", "a..b"}}});
    const auto answer = h.ask("x.example. A");
    CHECK(answer.rcode == loom::dns::rcode::servfail);
    CHECK(h.metric("dnsloom_rewrite_failures_total") == 1);
    CHECK(h.behind.asked().empty());
}

TEST_CASE("plugin/rewrite: answer_name and answer_value: rename what their expressions match") {
    const List rules{Table{
        {"field", "name"},
        {"match", "suffix"},
        {"from", ".example.org"},
        {"to", ".internal"},
        {"answer_name", List{Table{{"from", "(.*)\\.internal\\."}, {"to", "{1}.example.org"}}}},
        {"answer_value", List{Table{{"from", "(.*)\\.internal\\."}, {"to", "{1}.example.net"}}}}}};
    CHECK(
        answered(
            rules, "_s._tcp.example.org. SRV", {"_s._tcp.internal. 60 IN SRV 1 2 3 h.internal."}) ==
        Lines{"_s._tcp.example.org. 60 IN SRV 1 2 3 h.example.net."});
}

TEST_CASE("plugin/rewrite: type and class: are changed for the plugins behind") {
    CHECK(
        asked({Table{{"field", "type"}, {"from", "ANY"}, {"to", "HINFO"}}}, "example. ANY") ==
        "example. HINFO");
    Harness h = with({Table{{"field", "class"}, {"from", "CH"}, {"to", "IN"}}});
    h.ask("example. CH TXT");
    CHECK(h.behind.asked().back().qclass == 1);
}

TEST_CASE("plugin/rewrite: ttl: is put between the bounds in all records") {
    const Lines answer{"a.example. 5 IN A 192.0.2.1", "a.example. 500 IN A 192.0.2.2"};
    const auto rule = [](const char* key, const char* value) {
        return List{Table{{"field", "ttl"}, {"name", "a.example"}, {key, value}}};
    };
    const auto ttls = [&](const List& rules) {
        const auto got = answered(rules, "a.example. A", answer);
        return got.at(0).substr(11, got[0].find(" IN") - 11) + ' ' +
               got.at(1).substr(11, got[1].find(" IN") - 11);
    };
    CHECK(ttls(rule("ttl", "30s")) == "30 30");
    CHECK(ttls(rule("min_ttl", "60s")) == "60 500");
    CHECK(ttls(rule("max_ttl", "60s")) == "5 60");
    CHECK(
        answered(rule("ttl", "30s"), "b.example. A", {"b.example. 5 IN A 192.0.2.1"}) ==
        Lines{"b.example. 5 IN A 192.0.2.1"});
}

TEST_CASE("plugin/rewrite: rcode: becomes another for the names meant") {
    const List rules{Table{
        {"field", "rcode"},
        {"match", "suffix"},
        {"name", "example"},
        {"from", "NXDOMAIN"},
        {"to", "NOERROR"}}};
    const auto rcode = [&](const Question& question, std::uint16_t behind) {
        Harness h = with(rules);
        Reply reply;
        reply.rcode = behind;
        h.behind.push(reply);
        return h.ask(question).rcode;
    };
    CHECK(rcode("a.example. A", loom::dns::rcode::nxdomain) == loom::dns::rcode::noerror);
    CHECK(rcode("a.example. A", loom::dns::rcode::servfail) == loom::dns::rcode::servfail);
    CHECK(rcode("a.test. A", loom::dns::rcode::nxdomain) == loom::dns::rcode::nxdomain);
}

TEST_CASE("plugin/rewrite: cname: the answer goes on at the new target") {
    Harness h = with({Table{
        {"field", "cname"},
        {"match", "suffix"},
        {"from", ".cdn.example"},
        {"to", ".mine.example"}}});
    Reply alias;
    alias.answer = {
        "www.example. 60 IN CNAME www.cdn.example.", "www.cdn.example. 60 IN A 192.0.2.1"};
    Reply target;
    target.answer = {"www.mine.example. 60 IN A 192.0.2.2"};
    h.behind.push(alias).push(target);

    const auto answer = h.ask("www.example. A");

    CHECK(h.behind.asked().at(1).name == "www.mine.example.");
    CHECK(
        answer.answer ==
        Lines{"www.example. 60 IN CNAME www.mine.example.", "www.mine.example. 60 IN A 192.0.2.2"});
}

TEST_CASE("plugin/rewrite: cname: a client that asks for the alias gets the new target alone") {
    Harness h = with({Table{{"field", "cname"}, {"from", "a.example"}, {"to", "b.example"}}});
    Reply alias;
    alias.answer = {"www.example. 60 IN CNAME a.example."};
    h.behind.push(alias);
    CHECK(mail_name(h.ask("www.example. CNAME")) == "www.example. 60 IN CNAME b.example.");
    CHECK(h.behind.asked().size() == 1);
}

TEST_CASE("plugin/rewrite: mode: stop is the default, continue tries the rules behind") {
    const auto rules = [](const char* mode) {
        return List{
            Table{{"field", "name"}, {"from", "a.example"}, {"to", "b.example"}, {"mode", mode}},
            Table{{"field", "name"}, {"from", "b.example"}, {"to", "c.example"}}};
    };
    CHECK(asked(rules("stop"), "a.example. A") == "b.example. A");
    CHECK(asked(rules("continue"), "a.example. A") == "c.example. A");
    CHECK(
        answered(rules("continue"), "a.example. A", {"c.example. 60 IN A 192.0.2.1"}) ==
        Lines{"a.example. 60 IN A 192.0.2.1"});
}

TEST_CASE("plugin/rewrite: the first rule that matches counts, whatever its kind") {
    CHECK(
        asked(
            {Table{{"field", "name"}, {"match", "suffix"}, {"from", "example"}, {"to", "first"}},
             Table{{"field", "name"}, {"from", "a.example"}, {"to", "second"}}},
            "a.example. A") == "a.first. A");
    CHECK(
        asked(
            {Table{{"field", "name"}, {"match", "regex"}, {"from", "^b"}, {"to", "zero"}},
             Table{{"field", "name"}, {"from", "a.example"}, {"to", "first"}},
             Table{{"field", "name"}, {"match", "suffix"}, {"from", "example"}, {"to", "second"}}},
            "a.example. A") == "first. A");
}

TEST_CASE("plugin/rewrite: edns0 local: is set, replaced and unset for the plugins behind") {
    const std::uint8_t given[] = {1};
    const auto options = [&](Table rule, bool present) {
        Harness h = with({std::move(rule)});
        Question question{"example. A"};
        if (present) question.option(0xFFEE, given);
        h.ask(question.client("192.0.2.7", 4242));
        return h.behind.asked().back().options;
    };
    using Octets = std::vector<std::uint8_t>;
    const auto rule = [](const char* action, const char* data) {
        return Table{
            {"field", "edns0"},
            {"option", "local"},
            {"action", action},
            {"code", 0xFFEE},
            {"data", data}};
    };
    CHECK(options(rule("set", "0x0203"), true) == Octets{0xFF, 0xEE, 0, 2, 2, 3});
    CHECK(options(rule("set", "ab"), false) == Octets{0xFF, 0xEE, 0, 2, 'a', 'b'});
    CHECK(options(rule("append", "ab"), true) == Octets{0xFF, 0xEE, 0, 1, 1});
    CHECK(options(rule("replace", "ab"), false).empty());
    CHECK(options(rule("replace", "ab"), true) == Octets{0xFF, 0xEE, 0, 2, 'a', 'b'});
    CHECK(options(rule("set", "{client_ip}"), false) == Octets{0xFF, 0xEE, 0, 4, 192, 0, 2, 7});
    CHECK(
        options(rule("set", "{client_port}"), false) ==
        Octets{0xFF, 0xEE, 0, 2, 4242 >> 8, 4242 & 255});
    CHECK(options(rule("set", "{qtype}"), false) == Octets{0xFF, 0xEE, 0, 2, 0, 1});
    CHECK(options(rule("set", "{protocol}"), false) == Octets{0xFF, 0xEE, 0, 3, 'u', 'd', 'p'});
    CHECK(options(
              Table{{"field", "edns0"}, {"option", "local"}, {"action", "unset"}, {"code", 0xFFEE}},
              true)
              .empty());
}

TEST_CASE("plugin/rewrite: edns0 local: takes metadata, and passes where there is none") {
    Harness h = with({Table{
        {"field", "edns0"}, {"option", "local"}, {"code", 0xFFEE}, {"data", "{geoip/country}"}}});
    h.ask(Question{"example. A"}.meta("geoip/country", "DE"));
    CHECK(h.behind.asked().back().options.size() == 6);
    h.ask(Question{"example. A"});
    CHECK(h.behind.asked().back().options.empty());
}

TEST_CASE("plugin/rewrite: edns0 subnet: tells the client's network") {
    const auto options = [&](const Question& question) {
        Harness h = with(
            {Table{{"field", "edns0"}, {"option", "subnet"}, {"v4_bits", 20}, {"v6_bits", 32}}});
        h.ask(question);
        return h.behind.asked().back().options;
    };
    using Octets = std::vector<std::uint8_t>;
    CHECK(
        options(Question{"example. A"}.client("192.0.255.7")) ==
        Octets{0, 8, 0, 7, 0, 1, 20, 0, 192, 0, 0xF0});
    CHECK(
        options(Question{"example. A"}.client("2001:db8::7")) ==
        Octets{0, 8, 0, 8, 0, 2, 32, 0, 0x20, 0x01, 0x0D, 0xB8});
}

TEST_CASE("plugin/rewrite: metrics: count matches by field") {
    Harness h = with({Table{{"field", "type"}, {"from", "ANY"}, {"to", "HINFO"}}});
    h.ask("example. ANY");
    h.ask("example. A");
    CHECK(h.metric("dnsloom_rewrite_matches_total", {{"field", "type"}}) == 1);
    CHECK(h.metric("dnsloom_rewrite_matches_total", {{"field", "name"}}) == 0);
}
