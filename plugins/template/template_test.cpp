// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <string>

namespace {

using loom::harness::Harness;
using loom::harness::List;
using loom::harness::Question;
using loom::harness::Reply;
using loom::harness::Source;
using loom::harness::Table;

const std::string ip_pattern = R"(^ip-(?P<a>[0-9]+)-(?P<b>[0-9]+)-(?P<c>[0-9]+)-(?P<d>[0-9]+)\.)";
const std::string ip_answer =
    "{{ .Name }} 60 IN A {{ .Group.a }}.{{ .Group.b }}.{{ .Group.c }}.{{ .Group.d }}";

Table addresses() { return {{"type", "A"}, {"match", ip_pattern}, {"answer", ip_answer}}; }

std::string refusal(Table settings) { return Harness::refusal(loom_module_0, std::move(settings)); }

bool says(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("plugin/template: a name that matches: is answered with what it says") {
    Harness h{loom_module_0, addresses()};

    const auto answer = h.ask("IP-10-0-0-7.Example.org. A");

    CHECK(answer.rcode == 0);
    CHECK(answer.is_authoritative());
    REQUIRE(answer.answer.size() == 1);
    CHECK(answer.answer[0] == "ip-10-0-0-7.example.org. 60 IN A 10.0.0.7");
    CHECK(h.metric("dnsloom_template_matches_total", {{"class", "IN"}, {"type", "A"}}) == 1);
}

TEST_CASE("plugin/template: no expression matches: SERVFAIL, which `on` may send on") {
    Harness h{loom_module_0, addresses()};

    const auto answer = h.ask("www.example.org. A");

    CHECK(answer.rcode == 2);
    CHECK(answer.source == Source::failure);
    CHECK(answer.extended_error()->text == "template: no expression matches");
    CHECK(h.metric("dnsloom_template_matches_total", {{"class", "IN"}, {"type", "A"}}) == 0);
}

TEST_CASE("plugin/template: another type, class or zone: is left to the next plugin") {
    Harness h{
        loom_module_0,
        {{"type", List{"A", "MX"}},
         {"zones", "example.org"},
         {"answer", "{{ .Name }} A 192.0.2.1"}}};

    CHECK(h.ask("example.org. AAAA").source == Source::nobody);
    CHECK(h.ask("example.org. CH A").source == Source::nobody);
    CHECK(h.ask("example.net. A").source == Source::nobody);
    CHECK(h.ask("example.org. A").source == Source::plugin);
    CHECK(h.ask("example.org. MX").source == Source::plugin);
    CHECK(h.ask("example.org. ANY").source == Source::plugin);
    CHECK(h.ask(Question{"example.org. A"}.opcode(4)).source == Source::nobody);
}

TEST_CASE("plugin/template: class ANY and CH: are matched") {
    Harness any{
        loom_module_0,
        {{"class", "ANY"}, {"answer", "{{ .Name }} {{ .Class }} TXT \"{{ .Type }}\""}}};
    CHECK(any.ask("a. CH TXT").answer.at(0) == "a. 3600 CH TXT \"TXT\"");
    CHECK(any.ask("a. IN TXT").source == Source::plugin);
    Harness chaos{loom_module_0, {{"class", "CH"}, {"rcode", "NXDOMAIN"}}};
    CHECK(chaos.ask("a. IN TXT").source == Source::nobody);
    CHECK(chaos.ask("a. CH TXT").rcode == 3);
}

TEST_CASE("plugin/template: zones: the longest is .Zone, without them the server's") {
    const std::string answer = "{{ .Name }} TXT \"{{ .Zone }}\"";
    Harness h{loom_module_0, {{"zones", List{"org", "example.org"}}, {"answer", answer}}};
    CHECK(
        h.ask("www.example.org. TXT").answer.at(0) ==
        "www.example.org. 3600 IN TXT \"example.org.\"");
    Harness server{loom_module_0, {{"answer", answer}}, {.zones = {"www.example.org"}}};
    CHECK(
        server.ask("www.example.org. TXT").answer.at(0) ==
        "www.example.org. 3600 IN TXT \"www.example.org.\"");
}

TEST_CASE("plugin/template: sections: each gets its records") {
    Harness h{
        loom_module_0,
        {{"answer",
          List{
              "{{ .Name }} MX 10 mx.{{ .Name }}",
              "{{ if eq .Type \"A\" }}x. A 192.0.2.1{{ end }}"}},
         {"authority", "{{ .Zone }} 30 NS ns.example.org."},
         {"additional", "mx.{{ .Name }} A 192.0.2.2"},
         {"zones", "example.org"}}};

    const auto answer = h.ask("example.org. MX");

    CHECK(answer.answer == std::vector<std::string>{"example.org. 3600 IN MX 10 mx.example.org."});
    CHECK(answer.authority == std::vector<std::string>{"example.org. 30 IN NS ns.example.org."});
    CHECK(answer.additional == std::vector<std::string>{"mx.example.org. 3600 IN A 192.0.2.2"});
}

TEST_CASE("plugin/template: rcode and ede: are sent") {
    Harness h{
        loom_module_0,
        {{"rcode", "NXDOMAIN"},
         {"ede", "Blocked"},
         {"ede_text", "not here"},
         {"authority", ". 60 NS a."}}};

    const auto answer = h.ask(Question{"a. A"}.edns());

    CHECK(answer.rcode == 3);
    CHECK(answer.extended_error()->code == 15);
    CHECK(answer.extended_error()->text == "not here");
    CHECK(answer.authority.size() == 1);
    Harness refused{loom_module_0, {{"rcode", "REFUSED"}, {"ede", "18"}}};
    const auto no = refused.ask(Question{"a. A"}.edns());
    CHECK(no.rcode == 5);
    CHECK(no.extended_error()->code == 18);
}

TEST_CASE("plugin/template: a text that is no record: SERVFAIL, counted and told") {
    Harness h{loom_module_0, addresses()};

    const auto answer = h.ask("ip-10-0-0-777.example.org. A");

    CHECK(answer.rcode == 2);
    CHECK(answer.answer.empty());
    CHECK(h.metric("dnsloom_template_rr_failures_total", {{"section", "answer"}}) == 1);
    REQUIRE(h.log().size() == 1);
    CHECK(says(h.log()[0].field("reason"), "IPv4"));
}

TEST_CASE("plugin/template: a value that cannot be made: SERVFAIL, counted") {
    Harness h{
        loom_module_0,
        {{"match", "^(?P<n>[a-z0-9]+)"},
         {"additional", "{{ .Name }} TXT {{ parseInt .Group.n 10 8 }}"}}};

    CHECK(h.ask("256. TXT").rcode == 2);
    CHECK(h.metric("dnsloom_template_template_failures_total", {{"section", "additional"}}) == 1);
    CHECK(h.ask("255. TXT").additional.at(0) == "255. 3600 IN TXT \"255\"");
}

TEST_CASE("plugin/template: hostile names: cannot leave their place in the record") {
    Harness h{
        loom_module_0,
        {{"match", "^(.*)$"}, {"answer", "{{ .Name }} TXT \"{{ index .Match 1 }}\" end"}}};

    const auto answer = h.ask("a\\\"\\032b\\010c\\;.example. TXT");

    REQUIRE(answer.answer.size() == 1);
    CHECK(answer.answer[0].ends_with("\" \"end\""));
}

TEST_CASE("plugin/template: a fact of another plugin: is put in") {
    Harness h{
        loom_module_0, {{"answer", "{{ .Name }} TXT \"{{ .Meta \"geoip/country/code\" }}\""}}};

    CHECK(
        h.ask(Question{"a. TXT"}.meta("geoip/country/code", "NO")).answer.at(0) ==
        "a. 3600 IN TXT \"NO\"");
    CHECK(h.ask(Question{"a. TXT"}).answer.at(0) == "a. 3600 IN TXT \"\"");
}

TEST_CASE("plugin/template: an alias instead of an address: is followed") {
    Harness h{
        loom_module_0, {{"match", "^www\\."}, {"answer", "{{ .Name }} 60 CNAME web.example.net."}}};
    h.top.push(Reply{.flags = LOOM_FLAG_TC, .answer = {"web.example.net. 30 IN A 192.0.2.1"}});

    const auto answer = h.ask("www.example.org. A");

    REQUIRE(answer.answer.size() == 2);
    CHECK(answer.answer[1] == "web.example.net. 30 IN A 192.0.2.1");
    CHECK((answer.flags & LOOM_FLAG_TC) != 0);
    REQUIRE(h.top.asked().size() == 1);
    CHECK(h.top.asked()[0].name == "web.example.net.");
    CHECK(h.top.asked()[0].type == "A");
    CHECK(h.ask("www.example.org. CNAME").answer.size() == 1);
    CHECK(h.top.asked().size() == 1);
}

TEST_CASE("plugin/template: an alias that leads nowhere: is the answer") {
    Harness h{loom_module_0, {{"answer", "{{ .Name }} 60 CNAME web.example.net."}}};

    const auto answer = h.ask("www.example.org. AAAA");

    CHECK(answer.rcode == 0);
    CHECK(answer.answer.size() == 1);
}

TEST_CASE("plugin/template: options: mistakes are refused") {
    CHECK(says(refusal({{"class", "XX"}}), "is no class"));
    CHECK(says(refusal({{"type", "XX"}}), "is no type"));
    CHECK(says(refusal({{"match", "("}}), "RE2's syntax"));
    CHECK(says(refusal({{"rcode", "NXDOMIAN"}}), "did you mean \"NXDOMAIN\"?"));
    CHECK(says(refusal({{"ede", "nonsense"}}), "is no extended error"));
    CHECK(says(refusal({{"ede_text", "x"}}), "ede_text needs ede"));
    CHECK(says(refusal({{"answer", "{{ .Nmae }} A 192.0.2.1"}}), "did you mean \".Name\"?"));
    CHECK(says(refusal({{"answer", "{{ .Name }} 60 IN AA {{ .Remote }}"}}), "\"AA\" is no type"));
    CHECK(says(refusal({{"answer", "a. A 192.0.2.300"}}), "IPv4"));
    CHECK(says(refusal({{"authority", "{{ .Group.x }}"}}), "no group \"x\""));
    CHECK(says(refusal({{"additional", ""}}), "owner"));
    CHECK(says(
        refusal({{"answer", "{{ .Name }} TXT {{ .Meta \"geoip\" }}"}}),
        "takes the name of a fact"));
    CHECK(says(
        refusal({{"rcode", "REFUSED"}, {"answer", "a. A 192.0.2.1"}}), "leave out the answer"));
    CHECK(refusal({{"answer", "{{ .Name }} {{ .Class }} {{ .Type }} x"}}) == "");
}
