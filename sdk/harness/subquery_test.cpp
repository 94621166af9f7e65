// SPDX-License-Identifier: Apache-2.0
#include "puppet.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace loom::harness;
using namespace loom::harness::test;
using namespace std::chrono_literals;
using loom::Query;

namespace {

/// `www.example.net.`
constexpr std::array<std::uint8_t, 17> target{
    3, 'w', 'w', 'w', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 3, 'n', 'e', 't', 0};

/// Asks for the target's address and answers with what came.
struct Chaser {
    explicit Chaser(std::int32_t where) : from{where} {}

    Strings strings() {
        Strings s;
        s.create = [this](Puppet& puppet, const loom::Options&) {
            service = puppet.host.service<loom_ask_1>(LOOM_SERVICE_ASK);
        };
        s.on_query = [this](Query& query) -> loom_verdict {
            const auto token = query.suspend();
            status = service->ask(query.raw(), loom::bytes(target), 28, 1, from, token);
            if (status != LOOM_OK) query.host().resume(token, 1, nullptr);
            return LOOM_PENDING;
        };
        s.on_resume = [this](Query& query, std::int32_t reason, void* argument) -> loom_verdict {
            if (reason != LOOM_REASON_ANSWER) return LOOM_FAIL(2);
            const Query child{static_cast<loom_query*>(argument), query.host()};
            depth = child->depth;
            flags = child->flags;
            auto response = query.response();
            response.begin(child.response().rcode(), 0);
            for (const auto& record : child.response().records(LOOM_ANSWER))
                response.add(LOOM_ANSWER, record);
            return LOOM_ANSWERED;
        };
        return s;
    }

    std::int32_t from;
    const loom_ask_1* service = nullptr;
    loom_status status = LOOM_OK;
    std::uint16_t depth = 0;
    std::uint32_t flags = 0;
};

Reply target_reply() { return {.answer = {"www.example.net. 60 IN AAAA 2001:db8::1"}}; }

}  // namespace

TEST_CASE("harness/ask: from the top: the script there answers the sub-query") {
    Chaser chaser{LOOM_FROM_TOP};
    Harness h{pulled_by(chaser.strings())};
    h.top.push(target_reply());

    const auto answer = h.ask("example.org. AAAA");

    CHECK(answer.source == Source::plugin);
    CHECK(answer.answer == std::vector<std::string>{"www.example.net. 60 IN AAAA 2001:db8::1"});
    CHECK(chaser.depth == 1);
    CHECK((chaser.flags & LOOM_QUERY_SUBQUERY) != 0);
    REQUIRE(h.top.asked().size() == 1);
    CHECK(h.top.asked()[0].name == "www.example.net.");
    CHECK(h.top.asked()[0].type == "AAAA");
    CHECK(h.top.asked()[0].subquery);
    CHECK(h.behind.asked().empty());
}

TEST_CASE("harness/ask: from the next plugin: the script behind answers, in wire form as well") {
    Chaser chaser{LOOM_FROM_NEXT};
    Harness h{pulled_by(chaser.strings())};
    auto reply = target_reply();
    reply.as_wire = true;
    h.behind.push(reply);

    CHECK(h.ask("example.org. AAAA").answer.size() == 1);
    CHECK(h.top.asked().empty());
}

TEST_CASE("harness/ask: nobody there: the sub-query is refused") {
    Chaser chaser{LOOM_FROM_TOP};
    Harness h{pulled_by(chaser.strings())};

    CHECK(h.ask("example.org. AAAA").rcode == 5);
}

TEST_CASE("harness/ask: a late answer: resumes when it comes") {
    Chaser chaser{LOOM_FROM_TOP};
    Harness h{pulled_by(chaser.strings())};
    auto reply = target_reply();
    reply.after = 30ms;
    h.top.push(reply);

    const auto flight = h.send("example.org. AAAA");
    h.advance(29ms);
    CHECK(h.result(*flight).pending);
    h.advance(1ms);
    CHECK(h.result(*flight).answer.size() == 1);
}

TEST_CASE("harness/ask: a lost answer: the parent's deadline ends both") {
    Chaser chaser{LOOM_FROM_TOP};
    Harness h{pulled_by(chaser.strings())};
    h.top.push({.lost = true});

    const auto flight = h.send("example.org. AAAA");
    h.advance(10s);

    CHECK(h.result(*flight).source == Source::deadline);
}

TEST_CASE("harness/ask: beyond depth 8: gives LOOM_E_LIMIT and leaves the token") {
    Chaser chaser{LOOM_FROM_TOP};
    Harness h{pulled_by(chaser.strings())};
    Question deep{"example.org. AAAA"};
    deep.data().depth = 8;

    CHECK(h.ask(deep).rcode == 2);
    CHECK(chaser.status == LOOM_E_LIMIT);
}

TEST_CASE("harness/ask: beyond 32 sub-queries: gives LOOM_E_LIMIT") {
    Chaser chaser{LOOM_FROM_TOP};
    auto strings = chaser.strings();
    int answers = 0;
    strings.on_resume = [&](Query& query, std::int32_t reason, void*) -> loom_verdict {
        if (reason != LOOM_REASON_ANSWER) return LOOM_FAIL(2);
        ++answers;
        const auto token = query.suspend();
        chaser.status =
            chaser.service->ask(query.raw(), loom::bytes(target), 1, 1, LOOM_FROM_TOP, token);
        if (chaser.status != LOOM_OK) query.host().resume(token, 1, nullptr);
        return LOOM_PENDING;
    };
    Harness h{pulled_by(strings)};

    CHECK(h.ask("example.org. AAAA").source == Source::failure);
    CHECK(answers == 32);
    CHECK(chaser.status == LOOM_E_LIMIT);
}

TEST_CASE("harness/ask: in the background: `done` reads the answer after the client has its own") {
    struct State {
        const loom_ask_1* service = nullptr;
        const loom::Host* host = nullptr;
        std::size_t records = 0;
        static void done(void* self, loom_query* child) {
            auto& state = *static_cast<State*>(self);
            const Query query{child, *state.host};
            state.records = query.response().records(LOOM_ANSWER).size();
        }
    } state;
    int responses = 0;
    Harness h{pulled_by(
        {.create =
             [&](Puppet& puppet, const loom::Options&) {
                 state.host = &puppet.host;
                 state.service = puppet.host.service<loom_ask_1>(LOOM_SERVICE_ASK);
             },
         .on_query =
             [&](Query& query) {
                 state.service->background(&query.host().table(), query.raw(), State::done, &state);
                 return answer_address(query);
             },
         .on_response = [&](Query&) -> loom_verdict { return ++responses, LOOM_NEXT; }})};
    h.behind.push(
        {.answer = {"example.org. A 192.0.2.9", "example.org. A 192.0.2.8"}, .after = 1s});

    CHECK(h.ask("example.org. A").answer.size() == 1);
    CHECK(state.records == 0);
    h.advance(1s);

    CHECK(state.records == 2);
    CHECK(responses == 0);  // Only the plugins behind see it.
    REQUIRE(h.behind.asked().size() == 1);
    CHECK(h.behind.asked()[0].background);
}

TEST_CASE("harness/ask: what a script's function throws: reaches the test") {
    Chaser chaser{LOOM_FROM_TOP};
    Harness h{pulled_by(chaser.strings())};
    h.top.otherwise([](const Asked&) -> std::optional<Reply> { throw std::range_error{"mine"}; });

    CHECK_THROWS_AS(h.ask("example.org. AAAA"), std::range_error);
}
