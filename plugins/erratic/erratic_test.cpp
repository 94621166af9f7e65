// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace loom::harness;
using namespace std::chrono_literals;

namespace {

// One letter a query: answered, dropped, truncated, pending.
std::string treatments(Table settings, int count, const Question& question = "example.org. A") {
    Harness h{loom_module_0, std::move(settings)};
    std::string letters;
    for (int i = 0; i < count; ++i) {
        const auto answer = h.ask(question);
        letters += answer.pending ? 'p' : answer.dropped ? 'd' : answer.is_truncated() ? 't' : 'a';
    }
    h.advance(1h);
    return letters;
}

double count(Harness& h, const char* treatment) {
    return h.metric("dnsloom_erratic_queries_total", {{"treatment", treatment}});
}

}  // namespace

TEST_CASE("plugin/erratic: without options: every second query is dropped") {
    CHECK(treatments({}, 6) == "adadad");
}

TEST_CASE("plugin/erratic: drop: every Nth query gets no reply, with 0 none") {
    CHECK(treatments({{"drop", 3}}, 6) == "aadaad");
    CHECK(treatments({{"drop", 1}}, 3) == "ddd");
    CHECK(treatments({{"drop", 0}}, 3) == "aaa");
}

TEST_CASE("plugin/erratic: truncate: every Nth reply over UDP is truncated, none is dropped") {
    CHECK(treatments({{"truncate", 3}}, 6) == "aataat");
    CHECK(treatments({{"truncate", 1}}, 3, Question{"example.org. A"}.tcp()) == "aaa");
    CHECK(treatments({{"truncate", 2}, {"drop", 3}}, 6) == "atdtad");
}

TEST_CASE("plugin/erratic: delay: every Nth reply waits for duration") {
    CHECK(treatments({{"delay", 2}}, 4) == "apap");

    Harness h{loom_module_0, {{"delay", 1}, {"duration", "250ms"}}};
    const auto flight = h.send("example.org. A");
    h.advance(249ms);
    CHECK(h.result(*flight).pending);
    h.advance(1ms);
    h.run_ready();
    CHECK(h.result(*flight).answer.size() == 1);
    CHECK(count(h, "delay") == 1);
}

TEST_CASE("plugin/erratic: a delay beyond the deadline: leaves no timer behind") {
    Harness h{loom_module_0, {{"delay", 1}, {"duration", "1m"}}};
    const auto flight = h.send(Question{"example.org. A"}.deadline(1s));
    h.advance(2s);
    CHECK(h.result(*flight).source == Source::deadline);
    CHECK(h.timer_count() == 0);
}

TEST_CASE("plugin/erratic: no room for suspended queries: answers at once") {
    Harness h{loom_module_0, {{"delay", 1}}, {.suspended_max = 0}};
    CHECK(h.ask("example.org. A").answer.size() == 1);
    CHECK(count(h, "delay") == 0);
}

TEST_CASE("plugin/erratic: A and AAAA: have one address each, thirty with large") {
    Harness h{loom_module_0, {{"drop", 0}}};
    CHECK(h.ask("Example.org. A").answer.at(0) == "Example.org. 0 IN A 192.0.2.53");
    CHECK(h.ask("example.org. AAAA").answer.at(0) == "example.org. 0 IN AAAA 2001:db8::53");
    CHECK(h.ask("example.org. A").answer.size() == 1);
    CHECK(h.ask("example.org. A").is_authoritative());

    Harness large{loom_module_0, {{"large", true}}};
    CHECK(large.ask("example.org. A").answer.size() == 30);
    CHECK(large.ask("example.org. AAAA").answer.size() == 30);
}

TEST_CASE("plugin/erratic: AXFR: is a small zone, without its end when truncated") {
    Harness h{loom_module_0, {{"drop", 0}, {"truncate", 2}}};
    const auto whole = h.ask(Question{"example.org. AXFR"}.tcp());
    REQUIRE(whole.answer.size() == 6);
    CHECK(whole.answer.front() == whole.answer.back());
    CHECK(whole.answer[1] == "example.org. 0 IN NS a.example.org.");
    CHECK(whole.answer[2] == "a.example.org. 0 IN AAAA 2001:db8::53");

    const auto cut = h.ask(Question{"example.org. AXFR"}.tcp());
    CHECK(cut.answer.size() == 5);
    CHECK_FALSE(cut.is_truncated());
}

TEST_CASE("plugin/erratic: AXFR of a name with no room below it: is SERVFAIL") {
    const std::string label(63, 'a');
    const auto name = label + '.' + label + '.' + label + '.' + std::string(61, 'b') + '.';
    Harness h{loom_module_0, {{"drop", 0}}};
    CHECK(h.ask(Question{name + " AXFR"}.tcp()).rcode == 2);
}

TEST_CASE("plugin/erratic: other types: are SERVFAIL") {
    Harness h{loom_module_0, {{"drop", 0}}};
    CHECK(h.ask("example.org. MX").rcode == 2);
}

TEST_CASE("plugin/erratic: treatments: are counted") {
    Harness h{loom_module_0, {{"drop", 2}, {"truncate", 3}}};
    for (int i = 0; i < 6; ++i) h.ask("example.org. A");
    CHECK(count(h, "drop") == 3);
    CHECK(count(h, "truncate") == 1);
}

TEST_CASE("plugin/erratic: options: have bounds") {
    for (const char* name : {"drop", "truncate", "delay"}) {
        CHECK(Harness::refusal(loom_module_0, {{name, 1'000'000}}).empty());
        CHECK_FALSE(Harness::refusal(loom_module_0, {{name, -1}}).empty());
        CHECK_FALSE(Harness::refusal(loom_module_0, {{name, 1'000'001}}).empty());
    }
    CHECK_FALSE(Harness::refusal(loom_module_0, {{"duration", "0"}}).empty());
    CHECK_FALSE(Harness::refusal(loom_module_0, {{"duration", "61s"}}).empty());
    CHECK_FALSE(Harness::refusal(loom_module_0, {{"large", "yes"}}).empty());
}
