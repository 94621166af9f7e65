// SPDX-License-Identifier: Apache-2.0
// What a configuration may not say, and what many rules cost.

#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace loom::harness;

namespace {

std::string refusal(Table rule) {
    return Harness::refusal(loom_module_0, {{"rules", List{std::move(rule)}}});
}
bool says(const std::string& text, std::string_view part) {
    CAPTURE(text);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("plugin/rewrite: a rule's mistake: is told with what to change") {
    CHECK(says(refusal({{"field", "nam"}}), "name"));
    CHECK(says(refusal({{"field", "name"}, {"from", "a"}}), "needs to"));
    CHECK(says(refusal({{"field", "name"}, {"from", "a..b"}, {"to", "c"}}), "no domain name"));
    CHECK(says(refusal({{"field", "name"}, {"from", ""}, {"to", "c"}}), "empty"));
    CHECK(says(
        refusal({{"field", "name"}, {"match", "regex"}, {"from", "("}, {"to", "c"}}),
        "no regular expression"));
    CHECK(says(
        refusal({{"field", "name"}, {"match", "regex"}, {"from", "(a)"}, {"to", "{2}"}}),
        "no group {2}"));
    CHECK(says(
        refusal({{"field", "name"}, {"match", "regex"}, {"from", "(a)"}, {"to", "{x}"}}),
        "\"{x}\" is no group"));
    CHECK(says(
        refusal(
            {{"field", "name"},
             {"match", "regex"},
             {"from", std::string(10'001, 'a')},
             {"to", "b"}}),
        "10000"));
    CHECK(says(refusal({{"field", "type"}, {"from", "A"}, {"to", "QUAD"}}), "no type"));
    CHECK(says(refusal({{"field", "class"}, {"from", "IN"}, {"to", "XX"}}), "no class"));
    CHECK(says(
        refusal({{"field", "type"}, {"from", "A"}, {"to", "AAAA"}, {"ttl", "1s"}}),
        "has no \"ttl\""));
    CHECK(says(refusal({{"field", "ttl"}, {"name", "a"}}), "needs ttl"));
    CHECK(says(
        refusal({{"field", "ttl"}, {"name", "a"}, {"ttl", "1s"}, {"max_ttl", "2s"}}), "excludes"));
    CHECK(says(
        refusal({{"field", "ttl"}, {"name", "a"}, {"min_ttl", "3s"}, {"max_ttl", "2s"}}), "above"));
    CHECK(says(
        refusal({{"field", "rcode"}, {"name", "a"}, {"from", "NX"}, {"to", "NOERROR"}}),
        "no rcode"));
    CHECK(says(refusal({{"field", "edns0"}}), "option ="));
    CHECK(says(refusal({{"field", "edns0"}, {"option", "local"}}), "code"));
    CHECK(says(refusal({{"field", "edns0"}, {"option", "local"}, {"code", 1}}), "data"));
    CHECK(says(
        refusal({{"field", "edns0"}, {"option", "local"}, {"code", 1}, {"data", "0xabc"}}),
        "hexadecimal"));
    CHECK(says(
        refusal({{"field", "edns0"}, {"option", "local"}, {"code", 1}, {"data", "{nothing}"}}),
        "no variable"));
    CHECK(says(
        refusal(
            {{"field", "name"},
             {"from", "a"},
             {"to", "b"},
             {"answer", "auto"},
             {"answer_name", List{Table{{"from", "a"}, {"to", "b"}}}}}),
        "exclude"));
}

TEST_CASE("plugin/rewrite: ten thousand rules: each is found") {
    List rules;
    for (int i = 0; i < 10'000; ++i)
        rules.push_back(Table{
            {"field", "name"},
            {"match", i % 2 == 0 ? "exact" : "suffix"},
            {"from", "n" + std::to_string(i) + ".example"},
            {"to", "m" + std::to_string(i) + ".test"}});
    Harness h{loom_module_0, {{"rules", std::move(rules)}}};
    for (const int i : {0, 1, 4998, 4999, 9999}) {
        h.ask(Question{"n" + std::to_string(i) + ".example. A"});
        CHECK(h.behind.asked().back().name == "m" + std::to_string(i) + ".test.");
    }
    h.ask("x.n5001.example. A");
    CHECK(h.behind.asked().back().name == "x.m5001.test.");
    h.ask("x.n5000.example. A");
    CHECK(h.behind.asked().back().name == "x.n5000.example.");
}
