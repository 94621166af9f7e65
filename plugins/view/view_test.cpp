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

const Reply address{.answer = {"www.example.org. A 192.0.2.1"}};

}  // namespace

TEST_CASE("plugin/view: an expression that holds: the query stays, and the view's name is a fact") {
    Harness h{
        loom_module_0,
        {{"expr", "incidr(client_ip(), '192.0.2.0/24')"}},
        {.name = "dns://:53/org./inside"}};
    h.behind.push(address);

    const auto answer = h.ask(Question{"www.example.org. A"}.client("192.0.2.77"));

    CHECK(answer.source == Source::behind);
    CHECK(answer.meta.find("view/name")->second == "inside");
    CHECK(h.metric("dnsloom_view_queries_total", {{"result", "taken"}}) == 1);
    CHECK(h.metric("dnsloom_view_queries_total", {{"result", "left"}}) == 0);
}

TEST_CASE("plugin/view: an expression that does not: the query is left to other servers") {
    Harness h{loom_module_0, {{"expr", "incidr(client_ip(), '192.0.2.0/24')"}}};

    const auto answer = h.ask(Question{"www.example.org. A"}.client("198.51.100.1"));

    CHECK(answer.verdict == LOOM_ELSEWHERE);
    CHECK(answer.source == Source::elsewhere);
    CHECK(answer.meta.empty());
    CHECK(h.metric("dnsloom_view_queries_total", {{"result", "left"}}) == 1);
}

TEST_CASE("plugin/view: several expressions: all have to hold") {
    Harness h{loom_module_0, {{"expr", List{"type() == 'A'", "do()"}}}};
    h.behind.push(address);

    CHECK(h.ask(Question{"www.example.org. A"}).source == Source::elsewhere);
    CHECK(h.ask(Question{"www.example.org. AAAA"}.dnssec()).source == Source::elsewhere);
    CHECK(h.ask(Question{"www.example.org. A"}.dnssec()).source == Source::behind);
}

TEST_CASE("plugin/view: facts of plugins in front: are seen") {
    Harness h{loom_module_0, {{"expr", "metadata('geoip/country/code') == 'NO'"}}};
    h.behind.push(address);

    CHECK(h.ask(Question{"a. A"}.meta("geoip/country/code", "NO")).source == Source::behind);
    CHECK(h.ask(Question{"a. A"}.meta("geoip/country/code", "SE")).source == Source::elsewhere);
    CHECK(h.ask(Question{"a. A"}).source == Source::elsewhere);
}

TEST_CASE("plugin/view: options: mistakes are refused with their column") {
    const auto said = Harness::refusal(loom_module_0, {{"expr", List{"do()", "do() and id()"}}});
    CHECK(said.find("column 10: and needs true or false") != std::string::npos);
    CHECK(
        Harness::refusal(loom_module_0, {{"expr", "metadata('geoip') == ''"}})
            .find("column 10: the name of a fact") != std::string::npos);
    CHECK(Harness::refusal(loom_module_0, {}).find("expr") != std::string::npos);
}
