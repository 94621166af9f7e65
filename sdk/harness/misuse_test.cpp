// SPDX-License-Identifier: Apache-2.0
#include "puppet.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace loom::harness;
using namespace loom::harness::test;
using loom::Query;

namespace {

/// What the harness says of a plugin whose on_query is this; empty if nothing.
std::string misuse_of(std::function<loom_verdict(Query&)> on_query) {
    Harness h{pulled_by({.on_query = std::move(on_query)})};
    try {
        h.ask("example.org. A");
    } catch (const Misuse& misuse) {
        return misuse.what();
    }
    return {};
}

bool mentions(const std::string& text, std::string_view part) { return text.contains(part); }

}  // namespace

TEST_CASE("harness/misuse: verdicts that the hook did not earn: are noted") {
    CHECK(mentions(misuse_of([](Query&) { return LOOM_ANSWERED; }), "without a response"));
    CHECK(mentions(misuse_of([](Query&) { return LOOM_PENDING; }), "without suspend()"));
    CHECK(mentions(misuse_of([](Query&) -> loom_verdict { return 5; }), "no verdict"));
    CHECK(mentions(
        misuse_of([](Query&) -> loom_verdict { return LOOM_ELSEWHERE; }), "LOOM_ROLE_SELECTS"));
    CHECK(mentions(
        misuse_of([](Query& query) {
            query.suspend();
            return LOOM_NEXT;
        }),
        "did not return LOOM_PENDING"));
    CHECK(mentions(
        misuse_of([](Query& query) {
            answer_address(query);
            return LOOM_NEXT;
        }),
        "LOOM_NEXT, not LOOM_ANSWERED"));
    CHECK(misuse_of(answer_address).empty());
}

TEST_CASE("harness/misuse: commit twice: is noted") {
    const auto text = misuse_of([](Query& query) {
        auto response = query.response();
        const auto message = address_message(query);
        std::ranges::copy(message, response.buffer().begin());
        CHECK(response.commit(message.size()) == LOOM_OK);
        CHECK(response.commit(message.size()) == LOOM_E_STATE);
        return LOOM_ANSWERED;
    });

    CHECK(mentions(text, "twice"));
}

TEST_CASE("harness/misuse: commit of the room of a hook before: is noted") {
    const auto take_room = [](Query& query) { query.response().buffer(); };
    const auto commit_late = [](Query& query) { query.response().commit(12); };
    const auto* text = "commit() was called without a buffer() of this hook, or twice for one";
    Harness suspended{pulled_by(
        {.on_query = [&](Query& query) -> loom_verdict {
             take_room(query);
             query.host().resume(query.suspend(), 0, nullptr);
             return LOOM_PENDING;
         },
         .on_resume = [&](Query& query, std::int32_t, void*) -> loom_verdict {
             commit_late(query);
             return LOOM_NEXT;
         }})};
    CHECK_THROWS_WITH_AS(suspended.ask("example.org."), text, Misuse);

    Harness passed_down{pulled_by(
        {.on_query = [&](Query& query) -> loom_verdict { return take_room(query), LOOM_NEXT; },
         .on_response = [&](Query& query) -> loom_verdict {
             return commit_late(query), LOOM_NEXT;
         }})};
    CHECK_THROWS_WITH_AS(passed_down.ask("example.org."), text, Misuse);
}

TEST_CASE("harness/misuse: more committed than there is room: is noted") {
    CHECK(mentions(
        misuse_of([](Query& query) {
            query.response().commit(query.response().buffer().size() + 1);
            return LOOM_NEXT;
        }),
        "more octets than buffer() gave"));
}

TEST_CASE("harness/misuse: messages that are no answer: are noted") {
    const auto with = [](std::size_t at, std::uint8_t octet, std::size_t cut = 0) {
        return misuse_of([=](Query& query) {
            auto message = address_message(query);
            message[at] = octet;
            message.resize(message.size() - cut);
            query.response().set_wire(message);
            return LOOM_NEXT;
        });
    };

    CHECK(mentions(with(13, 'f'), "another name"));
    CHECK(mentions(with(26, 28), "another type"));
    CHECK(mentions(with(5, 0), "no message with one question"));
    CHECK(mentions(with(5, 1, 2), "malformed"));
    CHECK(mentions(
        misuse_of([](Query& query) {
            auto message = address_message(query);
            for (const int octet : {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0})
                message.push_back(static_cast<std::uint8_t>(octet));
            message[11] = 1;
            query.response().set_wire(message);
            return LOOM_NEXT;
        }),
        "OPT record"));
}

TEST_CASE("harness/misuse: malformed records: are noted") {
    CHECK(mentions(
        misuse_of([](Query& query) {
            auto record = address_record(query);
            record.rdata.size = 3;
            query.response().begin(0, 0);
            query.response().add(LOOM_ANSWER, record);
            return LOOM_ANSWERED;
        }),
        "malformed rdata"));
    CHECK(mentions(
        misuse_of([](Query& query) {
            auto record = address_record(query);
            record.owner.size -= 1;
            query.response().begin(0, 0);
            query.response().add(LOOM_ANSWER, record);
            return LOOM_ANSWERED;
        }),
        "malformed owner"));
}

TEST_CASE("harness/misuse: a query changed by the plugin: is noted") {
    CHECK(mentions(
        misuse_of([](Query& query) {
            query.raw()->qtype = 28;
            return LOOM_NEXT;
        }),
        "read-only"));
}

TEST_CASE("harness/misuse: a query used outside its hooks or after its end: is noted") {
    loom_query* kept = nullptr;
    const loom_response_1* service = nullptr;
    Harness h{pulled_by({.on_query = [&](Query& query) -> loom_verdict {
        kept = query.raw();
        service = query.host().response_service();
        query.suspend();
        return LOOM_PENDING;
    }})};

    h.ask("example.org.");
    CHECK(service->begin(kept, 0, 0) == LOOM_E_STATE);
    CHECK_THROWS_WITH_AS(h.run_ready(), "begin() was called outside the query's hooks", Misuse);

    h.advance(std::chrono::seconds{10});
    CHECK(service->present(kept) == 0);
    CHECK_THROWS_WITH_AS(h.run_ready(), "present() was called for a query that has ended", Misuse);
}

TEST_CASE("harness/misuse: the response touched in on_cancel: is noted") {
    Harness h{pulled_by(
        {.on_query = [](Query& query) -> loom_verdict {
             query.suspend();
             return LOOM_PENDING;
         },
         .on_cancel = [](Query& query, loom_token) { query.response().begin(0, 0); }})};

    h.ask("example.org.");
    CHECK_THROWS_AS(h.advance(std::chrono::seconds{10}), Misuse);
}

TEST_CASE("harness/misuse: services of create() called later: are noted") {
    CHECK(mentions(
        misuse_of([](Query& query) -> loom_verdict {
            const auto* table = &query.host().table();
            table->service(table, LOOM_SERVICE_LOG);
            return LOOM_NEXT;
        }),
        "service() was called outside create()"));
    CHECK(mentions(
        misuse_of([](Query& query) -> loom_verdict {
            query.host().counter("late_total", "Counts.");
            return LOOM_NEXT;
        }),
        "define() was called outside create()"));
}

TEST_CASE("harness/misuse: the wrong thread: is noted") {
    CHECK(mentions(
        misuse_of([](Query& query) -> loom_verdict {
            loom_handle handle = 0;
            query.host().loop_service()->timer(
                &query.host().table(), LOOM_CONTROL, 1, [](void*) {}, nullptr, &handle);
            return LOOM_NEXT;
        }),
        "timer() was called on a wrong thread"));
    CHECK_THROWS_AS(
        Harness(pulled_by(
            {.start =
                 [](Puppet& puppet) {
                     puppet.host.loop_service()->defer(
                         &puppet.host.table(), 0, [](void*) {}, nullptr);
                 }})),
        Misuse);
}

TEST_CASE("harness/misuse: metrics against the rules: are noted") {
    const auto defining = [](std::function<void(const loom::Host&)> define) {
        try {
            Harness h{pulled_by(
                {.create = [&](Puppet& puppet, const loom::Options&) { define(puppet.host); }})};
        } catch (const Misuse& misuse) {
            return std::string{misuse.what()};
        }
        return std::string{};
    };

    CHECK(mentions(
        defining([](const loom::Host& host) { host.counter("hits", "Hits."); }), "_total"));
    CHECK(mentions(defining([](const loom::Host& host) { host.gauge("Size", "Size."); }), "snake"));
    CHECK(mentions(defining([](const loom::Host& host) { host.gauge("size", ""); }), "help"));
    CHECK(mentions(
        misuse_of([](Query& query) -> loom_verdict {
            query.host().add(query->worker, loom::Metric{99});
            return LOOM_NEXT;
        }),
        "no metric"));
}

TEST_CASE("harness/misuse: work without end: is noted") {
    struct Endless {
        const loom::Host* host;
        static void again(void* self) {
            const auto& host = *static_cast<Endless*>(self)->host;
            host.loop_service()->post(&host.table(), LOOM_CONTROL, again, self);
        }
    } endless{};
    bool stopped = false;
    auto h = std::make_unique<Harness>(pulled_by({.start = [&](Puppet& puppet) {
        endless.host = &puppet.host;
        if (!stopped) Endless::again(&endless);
    }}));

    CHECK_THROWS_AS(h->run_ready(), Misuse);
    stopped = true;
    CHECK_THROWS_AS(h->stop(), Misuse);
}
