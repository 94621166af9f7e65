// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

using namespace loom::harness;
using namespace std::chrono_literals;

namespace {

// A server whose plugins behind answer everything, and remember the probes.
struct Server {
    explicit Server(Table settings = {}, Setup setup = {})
        : h{loom_module_0, std::move(settings), std::move(setup)} {
        h.behind.otherwise([](const Asked& asked) -> std::optional<Reply> {
            Reply reply;
            if (asked.name.starts_with("slow.")) reply.after = 2s;
            return reply;
        });
    }
    std::vector<std::string> probes() const {
        std::vector<std::string> names;
        for (const auto& asked : h.behind.asked())
            if (asked.background) names.push_back(asked.name);
        return names;
    }
    /// The newest probe comes to the front.
    Answer come_back() { return h.ask(probes().back() + " HINFO"); }
    /// Makes it find a loop.
    void loop() {
        h.ask("first.example.org. A");
        for (int i = 0; i < 3; ++i) come_back();
    }
    double metric(const char* name) const { return h.metric("dnsloom_loop_" + std::string{name}); }

    Harness h;
};

}  // namespace

TEST_CASE("plugin/loop: a client's first query: sends a probe of its own name, and is answered") {
    Server s{{}, {.zones = {"example.org"}}};
    const auto answer = s.h.ask("WWW.example.org. MX");

    CHECK(answer.source == Source::behind);
    const auto& asked = s.h.behind.asked();
    REQUIRE(asked.size() == 2);
    CHECK(asked[0].background);
    CHECK(asked[0].type == "HINFO");
    CHECK(asked[0].name.ends_with(".example.org."));
    CHECK(asked[0].name.size() == 17 + 17 + 12);
    CHECK(asked[1].name == "WWW.example.org.");
    CHECK(asked[1].type == "MX");
    CHECK(s.metric("probes_total") == 1);
    CHECK(s.metric("looping") == 0);
}

TEST_CASE("plugin/loop: probes: are asked once an interval, each with another name") {
    Server s{{{"interval", "30s"}}};
    for (int i = 0; i < 3; ++i) s.h.ask("example.org. A");
    CHECK(s.probes().size() == 1);
    s.h.advance(29s);
    s.h.ask("example.org. A");
    CHECK(s.probes().size() == 1);
    s.h.advance(1s);
    s.h.ask("example.org. A");
    REQUIRE(s.probes().size() == 2);
    CHECK(s.probes()[0] != s.probes()[1]);
    CHECK(s.probes()[0].substr(17) == s.probes()[1].substr(17));
}

TEST_CASE("plugin/loop: two instances: ask different probes") {
    Server one;
    Server two;
    one.h.ask("example.org. A");
    two.h.ask("example.org. A");
    CHECK(one.probes().at(0).substr(17) != two.probes().at(0).substr(17));
}

TEST_CASE("plugin/loop: a query without RD: sends no probe") {
    Server s;
    s.h.ask(Question{"example.org. A"}.recursion_desired(false));
    CHECK(s.probes().empty());
    s.h.ask("example.org. A");
    CHECK(s.probes().size() == 1);
}

TEST_CASE("plugin/loop: a probe that comes back too often: is a loop, told once") {
    Server s;
    s.h.ask("example.org. A");
    CHECK(s.come_back().source == Source::behind);
    CHECK(s.come_back().source == Source::behind);
    CHECK(s.metric("detected_total") == 0);
    for (int i = 0; i < 3; ++i) {
        const auto answer = s.h.ask(Question{s.probes().back() + " HINFO"}.edns());
        CHECK(answer.rcode == 2);
        REQUIRE(answer.extended_error());
        CHECK(answer.extended_error()->text == "forwarding loop");
    }
    CHECK(s.metric("returns_total") == 5);
    CHECK(s.metric("detected_total") == 1);
    CHECK(s.metric("looping") == 1);
    REQUIRE(s.h.log().size() == 1);
    CHECK(s.h.log()[0].level == LOOM_LOG_ERROR);
    CHECK(s.h.log()[0].field("probe") == s.probes()[0]);
}

TEST_CASE("plugin/loop: the probe's name with another type: is a question like others") {
    Server s;
    s.h.ask("example.org. A");
    s.h.ask(s.probes().back() + " A");
    CHECK(s.metric("returns_total") == 0);
}

TEST_CASE("plugin/loop: max_returns: says how often is too often") {
    Server s{{{"max_returns", 0}}};
    s.h.ask("example.org. A");
    CHECK(s.come_back().rcode == 2);
    CHECK(s.metric("looping") == 1);
}

TEST_CASE("plugin/loop: without a loop: the same question may be under way many times") {
    Server s;
    for (int i = 0; i < 3; ++i) CHECK(s.h.ask("slow.example.org. A").pending);
    s.h.advance(3s);
}

TEST_CASE("plugin/loop: in a loop: a question that comes round is stopped, others are not") {
    Server s;
    s.loop();
    const auto first = s.h.send("slow.example.org. A");
    const auto again = s.h.ask(Question{"SLOW.example.org. A"}.edns());
    CHECK(again.rcode == 2);
    CHECK(again.extended_error().value().text == "forwarding loop");
    CHECK(s.h.ask("slow.example.org. AAAA").pending);
    CHECK(s.h.ask("www.example.org. A").rcode == 0);
    CHECK(s.metric("stopped_total") == 1);

    s.h.advance(2s);
    s.h.run_ready();
    CHECK(s.h.result(*first).source == Source::behind);
    // It is answered, so it may be asked again.
    CHECK(s.h.ask("slow.example.org. A").pending);
    s.h.advance(2s);
}

TEST_CASE("plugin/loop: in a loop: a question that is answered leaves room for the next") {
    Server s;
    s.loop();
    for (int i = 0; i < 3; ++i) CHECK(s.h.ask("www.example.org. A").rcode == 0);
    CHECK(s.metric("stopped_total") == 0);
}

TEST_CASE("plugin/loop: a loop that is gone: is told, and found again when it is back") {
    Server s{{{"interval", "1h"}}};
    s.loop();
    // Looked for every ten seconds.
    s.h.advance(10s);
    s.h.ask("a.example.org. A");
    REQUIRE(s.probes().size() == 2);
    CHECK(s.metric("looping") == 1);  // The round before had the loop.
    s.h.advance(10s);
    s.h.ask("b.example.org. A");
    CHECK(s.metric("looping") == 0);
    CHECK(s.h.logged("the forwarding loop is gone"));

    for (int i = 0; i < 3; ++i) s.come_back();
    CHECK(s.metric("detected_total") == 2);
}

TEST_CASE("plugin/loop: configuration: has bounds") {
    CHECK_FALSE(Harness::refusal(loom_module_0, {{"interval", "999ms"}}).empty());
    CHECK_FALSE(Harness::refusal(loom_module_0, {{"interval", "25h"}}).empty());
    CHECK_FALSE(Harness::refusal(loom_module_0, {{"max_returns", -1}}).empty());
    CHECK_FALSE(Harness::refusal(loom_module_0, {{"max_returns", 101}}).empty());
    const std::string label(63, 'a');
    const std::string zone = label + '.' + label + '.' + label + '.' + std::string(27, 'b');
    CHECK(Harness::refusal(loom_module_0, {}, {.zones = {zone}}).empty());
    CHECK(
        Harness::refusal(loom_module_0, {}, {.zones = {zone + "b"}}).find("too long") !=
        std::string::npos);
}
