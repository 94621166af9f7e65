// SPDX-License-Identifier: Apache-2.0
#include "puppet.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <memory>

using namespace loom::harness;
using namespace loom::harness::test;
using namespace std::chrono_literals;
using loom::Query;

namespace {

/// Suspends each query and resumes it when a timer fires.
struct Sleeper {
    explicit Sleeper(std::chrono::nanoseconds sleep) : delay{sleep} {}

    Strings strings() {
        Strings s;
        s.on_query = [this](Query& query) -> loom_verdict {
            token = query.suspend();
            host = &query.host().table();
            query.scratch<Scratch>().value = 42;
            loom_handle handle = 0;
            query.host().loop_service()->timer(
                host,
                query->worker,
                static_cast<std::uint64_t>(delay.count()),
                fired,
                this,
                &handle);
            return LOOM_PENDING;
        };
        s.on_resume = [this](Query& query, std::int32_t reason, void* argument) {
            CHECK(reason == 5);
            CHECK(argument == this);
            CHECK(query.scratch<Scratch>().value == 42);
            return answer_address(query);
        };
        return s;
    }

    static void fired(void* self) {
        auto& sleeper = *static_cast<Sleeper*>(self);
        sleeper.status = sleeper.host->resume(sleeper.host, sleeper.token, 5, self);
    }

    std::chrono::nanoseconds delay;
    const loom_host* host = nullptr;
    loom_token token = 0;
    loom_status status = LOOM_OK;
};

}  // namespace

TEST_CASE("harness/suspend: a timer that resumes: answers when the clock gets there") {
    Sleeper sleeper{100ms};
    Harness h{pulled_by(sleeper.strings())};

    const auto flight = h.send("example.org. A");
    CHECK(h.result(*flight).pending);
    CHECK(h.suspended_count() == 1);
    CHECK(h.timer_count() == 1);

    h.advance(99ms);
    CHECK(h.result(*flight).pending);
    h.advance(1ms);

    const auto answer = h.result(*flight);
    CHECK_FALSE(answer.pending);
    CHECK(answer.verdict == LOOM_ANSWERED);
    CHECK(answer.answer.size() == 1);
    CHECK(h.suspended_count() == 0);
    CHECK(h.timer_count() == 0);
}

TEST_CASE("harness/suspend: a token: works once") {
    Sleeper sleeper{1ms};
    Harness h{pulled_by(sleeper.strings())};
    h.ask("example.org. A");
    h.advance(1ms);
    REQUIRE(sleeper.status == LOOM_OK);

    Sleeper::fired(&sleeper);

    CHECK(sleeper.status == LOOM_E_STALE);
}

TEST_CASE("harness/suspend: resumed before the hook returns: goes on after it") {
    bool returned = false;
    Harness h{pulled_by(
        {.on_query = [&](Query& query) -> loom_verdict {
             const auto token = query.suspend();
             CHECK(query.host().resume(token, 0, nullptr) == LOOM_OK);
             CHECK(query.host().resume(token, 0, nullptr) == LOOM_E_STALE);
             returned = true;
             return LOOM_PENDING;
         },
         .on_resume =
             [&](Query& query, std::int32_t, void*) {
                 CHECK(returned);
                 return answer_address(query);
             }})};

    CHECK(h.ask("example.org. A").answer.size() == 1);
}

TEST_CASE("harness/suspend: wire and options: move, and the rest of the query stays") {
    loom_query before{};
    const loom_query* address = nullptr;
    const std::array<std::uint8_t, 3> option{1, 2, 3};
    Harness h{pulled_by(
        {.on_query = [&](Query& query) -> loom_verdict {
             before = *query.raw();
             address = query.raw();
             query.host().resume(query.suspend(), 0, nullptr);
             return LOOM_PENDING;
         },
         .on_resume = [&](Query& query, std::int32_t, void*) -> loom_verdict {
             CHECK(query.raw() == address);
             CHECK(query->qname.data == before.qname.data);
             CHECK(query->qname_lower.data == before.qname_lower.data);
             CHECK(query->suffix_hash == before.suffix_hash);
             CHECK(query->label_offset == before.label_offset);
             CHECK(query->wire.data != before.wire.data);
             CHECK(query->edns_options.data != before.edns_options.data);
             CHECK(query->wire.size == before.wire.size);
             CHECK(query->edns_options.data[4] == 1);
             return LOOM_NEXT;
         }})};

    CHECK(h.ask(Question{"example.org."}.option(65001, option)).verdict == LOOM_NEXT);
    CHECK(h.behind.asked().size() == 1);
}

TEST_CASE("harness/suspend: memory of the query: is kept") {
    loom::Bytes kept;
    Harness h{pulled_by(
        {.on_query = [&](Query& query) -> loom_verdict {
             kept = query.keep(query.name());
             query.host().resume(query.suspend(), 0, nullptr);
             return LOOM_PENDING;
         },
         .on_resume = [&](Query& query, std::int32_t, void*) -> loom_verdict {
             CHECK(std::ranges::equal(kept, query.name()));
             return LOOM_NEXT;
         }})};

    h.ask("example.org.");
}

TEST_CASE("harness/suspend: alloc: aligns, and ends at the query's limit") {
    Harness h{pulled_by({.on_query = [](Query& query) -> loom_verdict {
        const auto at = reinterpret_cast<std::uintptr_t>(query.alloc(3, 64));
        CHECK(at % 64 == 0);
        CHECK(query.alloc(65536 + 65535 - 3) != nullptr);
        CHECK(query.alloc(1) == nullptr);
        return LOOM_NEXT;
    }})};

    h.ask("example.org.");
}

TEST_CASE("harness/suspend: in the response hook: goes on up after resume") {
    Harness h{pulled_by(
        {.on_response = [](Query& query) -> loom_verdict {
             query.host().resume(query.suspend(), 0, nullptr);
             return LOOM_PENDING;
         },
         .on_resume = [](Query& query, std::int32_t, void*) -> loom_verdict {
             CHECK(query->phase == LOOM_PHASE_RESPONSE);
             query.response().set_rcode(3);
             return LOOM_NEXT;
         }})};
    h.behind.push({});

    const auto answer = h.ask("example.org.");

    CHECK(answer.rcode == 3);
    CHECK(answer.verdict == LOOM_NEXT);
}

TEST_CASE("harness/suspend: nobody resumes: the deadline cancels with SERVFAIL") {
    loom_token given = 0;
    loom_token cancelled = 0;
    Harness h{pulled_by(
        {.on_query = [&](Query& query) -> loom_verdict {
             query.scratch<Scratch>().value = 9;
             given = query.suspend();
             return LOOM_PENDING;
         },
         .on_cancel =
             [&](Query& query, loom_token token) {
                 CHECK(query.scratch<Scratch>().value == 9);
                 cancelled = token;
             }})};

    const auto flight = h.send(Question{"example.org."}.deadline(2s));
    h.advance(2s - 1ns);
    CHECK(cancelled == 0);
    h.advance(1ns);

    CHECK(cancelled == given);
    const auto answer = h.result(*flight);
    CHECK(answer.source == Source::deadline);
    CHECK(answer.rcode == 2);
    CHECK(h.suspended_count() == 0);
}

TEST_CASE("harness/suspend: a timeout of its own: comes before the query's deadline") {
    int cancels = 0;
    Harness h{pulled_by(
        {.on_query = [](Query& query) -> loom_verdict {
             query.suspend(50ms);
             return LOOM_PENDING;
         },
         .on_cancel = [&](Query&, loom_token) { ++cancels; }})};

    h.ask("example.org.");
    h.advance(50ms);

    CHECK(cancels == 1);
}

TEST_CASE("harness/suspend: the limit on suspended queries: gives 0") {
    std::vector<loom_token> tokens;
    Harness h{
        pulled_by({.on_query = [&](Query& query) -> loom_verdict {
            tokens.push_back(query.suspend());
            return tokens.back() != 0 ? LOOM_PENDING : LOOM_FAIL(2);
        }}),
        {},
        {.suspended_max = 1}};

    CHECK(h.ask("example.org.").pending);
    CHECK(h.ask("example.org.").rcode == 2);
}

TEST_CASE("harness/suspend: stop: cancels what is suspended, before stop() of the plugin") {
    std::vector<std::string> life;
    auto strings = Strings{
        .on_query = [](Query& query) -> loom_verdict {
            query.suspend();
            return LOOM_PENDING;
        },
        .on_cancel = [&](Query&, loom_token) { life.emplace_back("cancel"); },
        .life = &life};
    Harness h{pulled_by(strings)};
    const auto flight = h.send("example.org.");
    life.clear();

    h.stop();

    CHECK(life == std::vector<std::string>{"cancel", "stop"});
    CHECK(h.result(*flight).rcode == 2);
    CHECK_THROWS_AS(h.ask("example.org."), std::logic_error);
}

TEST_CASE("harness/script: a late reply: comes when the clock gets there") {
    Harness h{pulled_by({})};
    h.behind.push({.rcode = 3, .after = 20ms});

    const auto flight = h.send("example.org.");
    h.advance(19ms);
    CHECK(h.result(*flight).pending);
    h.advance(1ms);

    CHECK(h.result(*flight).rcode == 3);
    CHECK(h.timer_count() == 0);
}

TEST_CASE("harness/script: a lost reply: the deadline's SERVFAIL passes the response hook") {
    int responses = 0;
    Harness h{pulled_by({.on_response = [&](Query& query) -> loom_verdict {
        CHECK(query.response().rcode() == 2);
        ++responses;
        return LOOM_NEXT;
    }})};
    h.behind.push({.lost = true});

    const auto flight = h.send(Question{"example.org."}.deadline(1s));
    h.advance(1s);

    CHECK(responses == 1);
    CHECK(h.result(*flight).source == Source::deadline);
}
