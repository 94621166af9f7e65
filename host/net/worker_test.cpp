// SPDX-License-Identifier: Apache-2.0
#include "sample_worker.hpp"

#include <dnsloom/abi/plugin.h>
#include <dnsloom/abi/service/ask.h>

#include <doctest/doctest.h>

#include <string>
#include <thread>

using namespace loom;
using namespace loom::host;

namespace {

// The options of a reply that has one extended error without text.
Octets extended_error(std::uint8_t code) { return {0, 15, 0, 2, 0, code}; }

// A plugin that suspends every query and answers when it is resumed.
struct Waiter {
    explicit Waiter(SampleWorker& its_sample) : sample{its_sample} {
        FakePlugin& plugin = sample.add([this](Exchange& e) {
            token = e.host_worker->suspend(e, timeout_ns);
            return token != 0 ? loom_verdict{LOOM_PENDING} : LOOM_FAIL(dns::rcode::servfail);
        });
        plugin.on_resume = [this](Exchange& e, std::int32_t its_reason, void* its_arg) {
            ++resumed;
            reason = its_reason;
            arg = its_arg;
            return sample_answer(e);
        };
        plugin.on_cancel = [this](Exchange&, loom_token its_token) {
            ++cancelled;
            cancelled_token = its_token;
        };
    }

    SampleWorker& sample;
    std::uint64_t timeout_ns = 0;
    loom_token token = 0;
    int resumed = 0;
    int cancelled = 0;
    loom_token cancelled_token = 0;
    std::int32_t reason = 0;
    void* arg = nullptr;
};

loom_status ask(Exchange& e, std::string_view qname, std::int32_t from, loom_token token) {
    const Octets wire = wire_name(qname);
    return e.host_worker->ask(e, wire, dns::rr_type::a, dns::rr_class::in, from, token);
}

}  // namespace

TEST_CASE("host/worker: serve: runs the pipeline of the zone") {
    SampleWorker sample;
    Octets zone;
    sample.add([&](Exchange& e) {
        zone.assign(e.zone.data, e.zone.data + e.zone.size);
        CHECK(e.generation == 1);
        CHECK(e.worker == 0);
        CHECK(e.deadline_ns == e.received_ns + e.host_worker->limits().query_timeout_ns);
        return sample_answer(e);
    });
    sample.ask();
    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].rcode == dns::rcode::noerror);
    CHECK(sample.answers[0].records == 1);
    CHECK(zone == wire_name("example.org."));
    CHECK(sample.generation.in_flight == 0);
}

TEST_CASE("host/worker: serve: without a zone is REFUSED with an extended error") {
    SampleWorker sample;
    sample.add([](Exchange& e) { return sample_answer(e); });
    sample.ask("example.net.");
    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].rcode == dns::rcode::refused);
    CHECK(sample.answers[0].options == extended_error(20));
    CHECK(sample.metric(sample.worker.metrics().no_zone) == 1);
}

TEST_CASE("host/worker: resume: calls on_resume with reason and argument") {
    SampleWorker sample;
    Waiter waiter{sample};
    sample.ask();
    CHECK(sample.answers.empty());
    CHECK(sample.worker.suspended_count() == 1);
    CHECK(sample.generation.in_flight == 1);
    REQUIRE(sample.resume(waiter.token, 7, &sample) == LOOM_OK);
    CHECK(waiter.resumed == 1);
    CHECK(waiter.reason == 7);
    CHECK(waiter.arg == &sample);
    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].records == 1);
    CHECK(sample.worker.suspended_count() == 0);
    CHECK(sample.generation.in_flight == 0);
}

TEST_CASE("host/worker: resume: never calls on_resume from within the call") {
    SampleWorker sample;
    Waiter waiter{sample};
    sample.ask();
    const EventLoop::Here here{sample.worker};
    {
        const EventLoop::Turn turn{sample.worker};
        REQUIRE(sample.worker.resume(waiter.token, 0, nullptr) == LOOM_OK);
        CHECK(waiter.resumed == 0);
    }
    CHECK(waiter.resumed == 1);
}

TEST_CASE("host/worker: resume: before the hook has returned") {
    SampleWorker sample;
    int resumed = 0;
    FakePlugin& plugin = sample.add([](Exchange& e) {
        const loom_token token = e.host_worker->suspend(e, 0);
        CHECK(e.host_worker->resume(token, 3, nullptr) == LOOM_OK);
        CHECK(e.host_worker->resume(token, 3, nullptr) == LOOM_E_STALE);
        return loom_verdict{LOOM_PENDING};
    });
    plugin.on_resume = [&](Exchange& e, std::int32_t reason, void*) {
        CHECK(reason == 3);
        ++resumed;
        return sample_answer(e);
    };
    sample.ask();
    CHECK(resumed == 1);
    CHECK(sample.answers.size() == 1);
}

TEST_CASE("host/worker: resume: twice is stale and changes nothing") {
    SampleWorker sample;
    Waiter waiter{sample};
    sample.ask();
    const EventLoop::Here here{sample.worker};
    {
        const EventLoop::Turn turn{sample.worker};
        CHECK(sample.worker.resume(waiter.token, 1, nullptr) == LOOM_OK);
        CHECK(sample.worker.resume(waiter.token, 2, nullptr) == LOOM_E_STALE);
    }
    CHECK(waiter.reason == 1);
    CHECK(sample.worker.resume(waiter.token, 3, nullptr) == LOOM_E_STALE);
    CHECK(waiter.resumed == 1);
    CHECK(sample.answers.size() == 1);
}

TEST_CASE("host/worker: resume: tokens that never were are stale") {
    SampleWorker sample;
    Waiter waiter{sample};
    sample.ask();
    for (const loom_token token :
         {loom_token{0}, ~loom_token{0}, waiter.token ^ 1U, waiter.token + (loom_token{1} << 32U)})
        CHECK(sample.resume(token) == LOOM_E_STALE);
    CHECK(sample.answers.empty());
    CHECK(sample.resume(waiter.token) == LOOM_OK);
}

TEST_CASE("host/worker: resume: an old token does not resume another query in its slot") {
    SampleWorker sample;
    Waiter waiter{sample};
    sample.ask();
    const loom_token old = waiter.token;
    sample.resume(old);
    sample.ask();
    CHECK(waiter.token != old);
    CHECK(sample.resume(old) == LOOM_E_STALE);
    CHECK(sample.answers.size() == 1);
}

TEST_CASE("host/worker: resume: from another thread runs on the worker") {
    SampleWorker sample;
    Waiter waiter{sample};
    sample.ask();
    std::thread{[&] {
        CHECK(sample.worker.resume(waiter.token, 5, nullptr) == LOOM_OK);
        CHECK(sample.worker.resume(waiter.token, 6, nullptr) == LOOM_E_STALE);
    }}.join();
    CHECK(waiter.resumed == 0);
    run_ready(sample.worker);
    CHECK(waiter.resumed == 1);
    CHECK(waiter.reason == 5);
    CHECK(sample.answers.size() == 1);
}

TEST_CASE("host/worker: resume: from another thread wins over a deadline that passes meanwhile") {
    SampleWorker sample;
    Waiter waiter{sample};
    sample.ask();
    sample.host.clock.advance(60 * sample_second);
    sample.worker.clock_moved();
    std::thread{[&] { CHECK(sample.worker.resume(waiter.token, 0, nullptr) == LOOM_OK); }}.join();
    run_ready(sample.worker);
    CHECK(waiter.resumed == 1);
    CHECK(waiter.cancelled == 0);
    CHECK(sample.answers.size() == 1);
}

TEST_CASE("host/worker: suspend: a hook that answers after all ends the token") {
    SampleWorker sample;
    loom_token token = 0;
    sample.add([&](Exchange& e) {
        token = e.host_worker->suspend(e, 0);
        return sample_answer(e);
    });
    sample.ask();
    CHECK(sample.answers.size() == 1);
    CHECK(sample.resume(token) == LOOM_E_STALE);
    CHECK(sample.worker.suspended_count() == 0);
    sample.advance(60 * sample_second);
    CHECK(sample.answers.size() == 1);
}

TEST_CASE("host/worker: suspend: a hook that resumes and answers after all answers once") {
    SampleWorker sample;
    int resumed = 0;
    sample
        .add([&](Exchange& e) {
            e.host_worker->resume(e.host_worker->suspend(e, 0), 0, nullptr);
            return sample_answer(e);
        })
        .on_resume = [&](Exchange& e, std::int32_t, void*) {
        ++resumed;
        return sample_answer(e);
    };
    sample.ask();
    sample.ask();
    CHECK(sample.answers.size() == 2);
    CHECK(resumed == 0);
}

TEST_CASE("host/worker: suspend: twice in a hook makes the first token stale") {
    SampleWorker sample;
    loom_token first = 0;
    loom_token second = 0;
    bool resumes_first = false;
    SUBCASE("") {}
    SUBCASE("even when it was resumed already") { resumes_first = true; }
    int runs = 0;
    std::int32_t seen = 0;
    sample
        .add([&](Exchange& e) {
            ++runs;
            first = e.host_worker->suspend(e, 0);
            if (resumes_first) e.host_worker->resume(first, 1, nullptr);
            second = e.host_worker->suspend(e, 0);
            return loom_verdict{LOOM_PENDING};
        })
        .on_resume = [&](Exchange& e, std::int32_t reason, void*) {
        seen = reason;
        return sample_answer(e);
    };
    sample.ask();
    CHECK(sample.answers.empty());
    CHECK(sample.resume(first, 1) == LOOM_E_STALE);
    CHECK(sample.resume(second, 2) == LOOM_OK);
    CHECK(seen == 2);
    CHECK(runs == 1);
    CHECK(sample.answers.size() == 1);
}

TEST_CASE("host/worker: suspend: again in on_resume waits again") {
    SampleWorker sample;
    loom_token token = 0;
    int rounds = 0;
    sample
        .add([&](Exchange& e) {
            token = e.host_worker->suspend(e, 0);
            return loom_verdict{LOOM_PENDING};
        })
        .on_resume = [&](Exchange& e, std::int32_t, void*) {
        if (++rounds == 3) return sample_answer(e);
        token = e.host_worker->suspend(e, 0);
        return loom_verdict{LOOM_PENDING};
    };
    sample.ask();
    for (int i = 0; i < 3; ++i) {
        CHECK(sample.answers.empty());
        CHECK(sample.resume(token) == LOOM_OK);
    }
    CHECK(sample.answers.size() == 1);
    CHECK(sample.worker.suspended_count() == 0);
}

TEST_CASE("host/worker: suspend: message and options move with the query") {
    SampleWorker sample;
    loom_token token = 0;
    Octets before;
    FakePlugin& plugin = sample.add([&](Exchange& e) {
        before.assign(e.wire.data, e.wire.data + e.wire.size);
        token = e.host_worker->suspend(e, 0);
        return loom_verdict{LOOM_PENDING};
    });
    plugin.on_resume = [&](Exchange& e, std::int32_t, void*) {
        CHECK(Octets(e.wire.data, e.wire.data + e.wire.size) == before);
        CHECK(Octets(e.qname.data, e.qname.data + e.qname.size) == wire_name("www.example.org."));
        return sample_answer(e);
    };
    sample.ask();
    // Other queries come and go in between.
    sample.ask("other.example.org.");
    const loom_token other = token;
    CHECK(other != 0);
    sample.advance(60 * sample_second);
    CHECK(sample.answers.size() == 2);
    before.clear();
    sample.ask();
    CHECK(sample.resume(token) == LOOM_OK);
    CHECK(sample.answers.size() == 3);
}

TEST_CASE("host/worker: suspend: an answer in the send buffer outlives it") {
    SampleWorker sample;
    loom_token token = 0;
    FakePlugin& above = sample.add([](Exchange&) { return loom_verdict{LOOM_NEXT}; });
    above.on_response = [&](Exchange& e) {
        token = e.host_worker->suspend(e, 0);
        return loom_verdict{LOOM_PENDING};
    };
    above.on_resume = [](Exchange&, std::int32_t, void*) { return loom_verdict{LOOM_NEXT}; };
    sample.add([](Exchange& e) {
        sample_answer(e);
        loom_bytes wire{};
        response_service.wire(&e, &wire);
        const Octets copy{wire.data, wire.data + wire.size};
        response_service.set_wire(&e, {copy.data(), copy.size()});
        return loom_verdict{LOOM_ANSWERED};
    });
    sample.ask();
    CHECK(sample.resume(token) == LOOM_OK);
    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].rcode == dns::rcode::noerror);
    CHECK(sample.answers[0].records == 1);
}

TEST_CASE("host/worker: deadline: on_cancel once, then SERVFAIL with an extended error") {
    SampleWorker sample;
    Waiter waiter{sample};
    sample.ask();
    sample.advance(9 * sample_second);
    CHECK(sample.answers.empty());
    sample.advance(2 * sample_second);
    CHECK(waiter.cancelled == 1);
    CHECK(waiter.cancelled_token == waiter.token);
    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].rcode == dns::rcode::servfail);
    CHECK(sample.answers[0].options == extended_error(22));
    CHECK(sample.resume(waiter.token) == LOOM_E_STALE);
    sample.advance(60 * sample_second);
    CHECK(waiter.cancelled == 1);
    CHECK(waiter.resumed == 0);
    CHECK(sample.answers.size() == 1);
    CHECK(sample.metric(sample.worker.metrics().timeouts) == 1);
    CHECK(sample.errors(0) == 0);
}

TEST_CASE("host/worker: deadline: a shorter time of the plugin's own comes first") {
    SampleWorker sample;
    Waiter waiter{sample};
    waiter.timeout_ns = sample_second;
    sample.ask();
    sample.advance(sample_second * 9 / 10);
    CHECK(waiter.cancelled == 0);
    sample.advance(sample_second / 5);
    CHECK(waiter.cancelled == 1);
}

TEST_CASE("host/worker: deadline: a longer time of the plugin's own does not put it off") {
    for (const std::uint64_t timeout : {3600 * sample_second, UINT64_MAX}) {
        SampleWorker sample;
        Waiter waiter{sample};
        waiter.timeout_ns = timeout;
        sample.ask();
        sample.advance(9 * sample_second);
        CHECK(waiter.cancelled == 0);
        sample.advance(2 * sample_second);
        CHECK(waiter.cancelled == 1);
    }
}

TEST_CASE("host/worker: deadline: response hooks above may suspend the SERVFAIL") {
    SampleWorker sample;
    loom_token token = 0;
    FakePlugin& above = sample.add([](Exchange&) { return loom_verdict{LOOM_NEXT}; });
    above.on_response = [&](Exchange& e) {
        token = e.host_worker->suspend(e, 0);
        return loom_verdict{LOOM_PENDING};
    };
    above.on_resume = [](Exchange& e, std::int32_t, void*) {
        CHECK(response_service.rcode(&e) == dns::rcode::servfail);
        return sample_answer(e);
    };
    Waiter waiter{sample};
    sample.ask();
    sample.advance(11 * sample_second);
    CHECK(waiter.cancelled == 1);
    CHECK(sample.answers.empty());
    CHECK(sample.resume(token) == LOOM_OK);
    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].rcode == dns::rcode::noerror);
}

TEST_CASE("host/worker: limits: a suspension too many is refused and counted") {
    SampleWorker sample;
    Waiter waiter{sample};
    WorkerLimits limits;
    limits.suspended = 2;
    sample.worker.set_limits(limits);
    sample.ask();
    sample.ask();
    const loom_token second = waiter.token;
    sample.ask();
    CHECK(waiter.token == 0);
    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].rcode == dns::rcode::servfail);
    CHECK(sample.metric(sample.worker.metrics().suspended_full) == 1);
    sample.resume(second);
    sample.ask();
    CHECK(waiter.token != 0);
}

TEST_CASE("host/worker: ask: from next begins behind the asker and comes back to on_resume") {
    SampleWorker sample;
    std::string trace;
    FakePlugin& top = sample.add([&](Exchange&) {
        trace += 'a';
        return loom_verdict{LOOM_NEXT};
    });
    top.on_response = [&](Exchange&) {
        trace += 'A';
        return loom_verdict{LOOM_NEXT};
    };
    FakePlugin& asker = sample.add([&](Exchange& e) {
        trace += 'b';
        const loom_token token = e.host_worker->suspend(e, 0);
        CHECK(ask(e, "target.example.net.", LOOM_FROM_NEXT, token) == LOOM_OK);
        return loom_verdict{LOOM_PENDING};
    });
    asker.on_resume = [&](Exchange& e, std::int32_t reason, void* arg) {
        trace += '!';
        CHECK(reason == LOOM_REASON_ANSWER);
        Exchange& child = exchange_of(static_cast<loom_query*>(arg));
        CHECK(child.depth == 1);
        CHECK((child.flags & LOOM_QUERY_SUBQUERY) != 0);
        const loom_record* first = nullptr;
        std::size_t count = 0;
        REQUIRE(response_service.records(&child, LOOM_ANSWER, &first, &count) == LOOM_OK);
        REQUIRE(count == 1);
        CHECK(
            Octets(first->owner.data, first->owner.data + first->owner.size) ==
            wire_name("target.example.net."));
        response_service.begin(&e, 0, 0);
        response_service.add(&e, LOOM_ANSWER, first);
        return loom_verdict{LOOM_ANSWERED};
    };
    FakePlugin& source = sample.add([&](Exchange& e) {
        trace += 'c';
        return sample_answer(e);
    });
    source.on_response = [&](Exchange&) {
        trace += 'C';
        return loom_verdict{LOOM_NEXT};
    };
    sample.ask();
    CHECK(trace == "abc!A");
    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].records == 1);
    CHECK(sample.metric(sample.worker.metrics().subqueries) == 1);
    CHECK(sample.generation.in_flight == 0);
    CHECK(sample.worker.suspended_count() == 0);
}

TEST_CASE("host/worker: ask: from the top passes all hooks, as if a client had asked") {
    SampleWorker sample;
    std::string trace;
    sample
        .add([&](Exchange& e) {
            trace += e.depth == 0 ? 'a' : '1';
            return loom_verdict{LOOM_NEXT};
        })
        .on_response = [&](Exchange& e) {
        trace += e.depth == 0 ? 'A' : '2';
        return loom_verdict{LOOM_NEXT};
    };
    FakePlugin& asker = sample.add([&](Exchange& e) {
        if (e.depth != 0) return sample_answer(e);
        const loom_token token = e.host_worker->suspend(e, 0);
        CHECK(ask(e, "target.example.org.", LOOM_FROM_TOP, token) == LOOM_OK);
        return loom_verdict{LOOM_PENDING};
    });
    asker.on_resume = [&](Exchange& e, std::int32_t, void*) {
        trace += '!';
        return sample_answer(e);
    };
    sample.ask();
    CHECK(trace == "a12!A");
    CHECK(sample.answers.size() == 1);
}

TEST_CASE("host/worker: ask: from the top outside all zones is REFUSED") {
    SampleWorker sample;
    std::uint16_t rcode = 0;
    sample
        .add([](Exchange& e) {
            ask(e, "example.net.", LOOM_FROM_TOP, e.host_worker->suspend(e, 0));
            return loom_verdict{LOOM_PENDING};
        })
        .on_resume = [&](Exchange& e, std::int32_t, void* child) {
        rcode = response_service.rcode(static_cast<loom_query*>(child));
        return sample_answer(e);
    };
    sample.ask();
    CHECK(rcode == dns::rcode::refused);
    CHECK(sample.answers.size() == 1);
}

TEST_CASE("host/worker: ask: a dropped sub-query comes back as SERVFAIL") {
    SampleWorker sample;
    std::uint16_t rcode = 0;
    sample
        .add([](Exchange& e) {
            ask(e, "x.example.org.", LOOM_FROM_NEXT, e.host_worker->suspend(e, 0));
            return loom_verdict{LOOM_PENDING};
        })
        .on_resume = [&](Exchange& e, std::int32_t, void* child) {
        rcode = response_service.rcode(static_cast<loom_query*>(child));
        return sample_answer(e);
    };
    sample.add([](Exchange&) { return loom_verdict{LOOM_DROP}; });
    sample.ask();
    CHECK(rcode == dns::rcode::servfail);
    CHECK(sample.answers.size() == 1);
}

TEST_CASE("host/worker: ask: a malformed name is refused, and the token is still good") {
    SampleWorker sample;
    sample
        .add([](Exchange& e) {
            const loom_token token = e.host_worker->suspend(e, 0);
            for (const Octets& bad :
                 {Octets{}, Octets{3, 'a'}, Octets{0xC0, 12}, Octets{1, 'a', 0, 0}})
                CHECK(
                    e.host_worker->ask(
                        e, bad, dns::rr_type::a, dns::rr_class::in, LOOM_FROM_TOP, token) ==
                    LOOM_E_ARGUMENT);
            CHECK(e.host_worker->resume(token, 0, nullptr) == LOOM_OK);
            return loom_verdict{LOOM_PENDING};
        })
        .on_resume = [](Exchange& e, std::int32_t, void*) { return sample_answer(e); };
    sample.ask();
    CHECK(sample.answers.size() == 1);
    CHECK(sample.generation.in_flight == 0);
}

TEST_CASE("host/worker: ask: ends at depth 8") {
    SampleWorker sample;
    unsigned deepest = 0;
    loom_status last = LOOM_OK;
    sample
        .add([&](Exchange& e) {
            deepest = std::max<unsigned>(deepest, e.depth);
            const loom_token token = e.host_worker->suspend(e, 0);
            last = ask(e, "www.example.org.", LOOM_FROM_TOP, token);
            return last == LOOM_OK ? loom_verdict{LOOM_PENDING} : sample_answer(e);
        })
        .on_resume = [&](Exchange& e, std::int32_t, void*) { return sample_answer(e); };
    sample.ask();
    CHECK(deepest == 8);
    CHECK(last == LOOM_E_LIMIT);
    CHECK(sample.metric(sample.worker.metrics().subqueries) == 8);
    CHECK(sample.answers.size() == 1);
    CHECK(sample.generation.in_flight == 0);
    CHECK(sample.worker.suspended_count() == 0);
}

TEST_CASE("host/worker: ask: ends at 32 sub-queries of a client's query, at any depth") {
    SampleWorker sample;
    unsigned asked = 0;
    FakePlugin& plugin = sample.add([&](Exchange& e) {
        if (e.depth == 2) return sample_answer(e);
        const loom_token token = e.host_worker->suspend(e, 0);
        // Ten at the first level, ten of each of these.
        unsigned mine = 0;
        while (mine < 10 && ask(e, "www.example.org.", LOOM_FROM_TOP, token) == LOOM_OK) ++mine;
        asked += mine;
        return mine != 0 ? loom_verdict{LOOM_PENDING} : sample_answer(e);
    });
    plugin.on_resume = [](Exchange& e, std::int32_t, void*) { return sample_answer(e); };
    sample.ask();
    CHECK(asked <= 32);
    CHECK(sample.answers.size() == 1);
    CHECK(sample.generation.in_flight == 0);
    CHECK(sample.worker.suspended_count() == 0);
}

TEST_CASE("host/worker: ask: a parent may wait for many, and read all their answers") {
    SampleWorker sample;
    std::vector<loom_query*> children;
    loom_token token = 0;
    const auto wait = [&](Exchange& e) {
        token = e.host_worker->suspend(e, 0);
        return ask(e, "www.example.org.", LOOM_FROM_NEXT, token);
    };
    sample
        .add([&](Exchange& e) {
            CHECK(wait(e) == LOOM_OK);
            return loom_verdict{LOOM_PENDING};
        })
        .on_resume = [&](Exchange& e, std::int32_t, void* child) {
        children.push_back(static_cast<loom_query*>(child));
        if (wait(e) == LOOM_OK) return loom_verdict{LOOM_PENDING};
        for (loom_query* one : children) {
            const loom_record* first = nullptr;
            std::size_t count = 0;
            CHECK(response_service.records(one, LOOM_ANSWER, &first, &count) == LOOM_OK);
            CHECK(count == 1);
        }
        return sample_answer(e);
    };
    sample.add([](Exchange& e) { return sample_answer(e); });
    sample.ask();
    CHECK(children.size() == 32);
    CHECK(sample.answers.size() == 1);
    CHECK(sample.generation.in_flight == 0);
}

TEST_CASE("host/worker: ask: a sub-query whose parent has ended ends without it") {
    SampleWorker sample;
    loom_token child_token = 0;
    int resumed = 0;
    FakePlugin& parent = sample.add([](Exchange& e) {
        // It waits less long than its child.
        ask(e, "x.example.org.", LOOM_FROM_NEXT, e.host_worker->suspend(e, sample_second));
        return loom_verdict{LOOM_PENDING};
    });
    parent.on_resume = [&](Exchange& e, std::int32_t, void*) {
        ++resumed;
        return sample_answer(e);
    };
    sample
        .add([&](Exchange& e) {
            child_token = e.host_worker->suspend(e, 0);
            return loom_verdict{LOOM_PENDING};
        })
        .on_resume = [](Exchange& e, std::int32_t, void*) { return sample_answer(e); };
    sample.ask();
    CHECK(sample.worker.suspended_count() == 2);
    sample.advance(2 * sample_second);
    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].rcode == dns::rcode::servfail);
    CHECK(sample.generation.in_flight == 1);
    CHECK(sample.resume(child_token) == LOOM_OK);
    CHECK(resumed == 0);
    CHECK(sample.answers.size() == 1);
    CHECK(sample.generation.in_flight == 0);
    CHECK(sample.worker.suspended_count() == 0);
}

TEST_CASE("host/worker: ask: has the deadline of its parent") {
    SampleWorker sample;
    std::uint64_t parent_deadline = 0;
    std::uint64_t child_deadline = 0;
    sample
        .add([&](Exchange& e) {
            parent_deadline = e.deadline_ns;
            ask(e, "x.example.org.", LOOM_FROM_NEXT, e.host_worker->suspend(e, 0));
            return loom_verdict{LOOM_PENDING};
        })
        .on_resume = [](Exchange& e, std::int32_t, void*) { return sample_answer(e); };
    sample.add([&](Exchange& e) {
        child_deadline = e.deadline_ns;
        return sample_answer(e);
    });
    sample.ask();
    CHECK(child_deadline == parent_deadline);
}

TEST_CASE("host/worker: background: begins behind the asker and ends with done") {
    SampleWorker sample;
    struct Seen {
        int count = 0;
        std::uint16_t rcode = 0xFFFF;
    } seen;
    std::string trace;
    sample
        .add([&](Exchange& e) {
            trace += 'a';
            const auto done = [](void* arg, loom_query* child) {
                auto& its = *static_cast<Seen*>(arg);
                ++its.count;
                its.rcode = response_service.rcode(child);
            };
            CHECK(
                e.host_worker->ask_in_background(e, *sample.host.instances[0], done, &seen) ==
                LOOM_OK);
            return sample_answer(e);
        })
        .on_response = [&](Exchange&) {
        trace += 'A';
        return loom_verdict{LOOM_NEXT};
    };
    sample
        .add([&](Exchange& e) {
            trace += 'b';
            CHECK((e.flags & LOOM_QUERY_SUBQUERY) != 0);
            CHECK(
                Octets(e.qname.data, e.qname.data + e.qname.size) == wire_name("www.example.org."));
            return loom_verdict{LOOM_NEXT};
        })
        .on_response = [&](Exchange&) {
        trace += 'B';
        return loom_verdict{LOOM_NEXT};
    };
    sample.add([&](Exchange& e) { return sample_answer(e, dns::rcode::nxdomain); });
    sample.ask();
    CHECK(trace == "abB");
    CHECK(seen.count == 1);
    CHECK(seen.rcode == dns::rcode::nxdomain);
    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].rcode == dns::rcode::noerror);
    CHECK(sample.generation.in_flight == 0);
}

TEST_CASE("host/worker: use: an old generation without queries is drained at once") {
    SampleWorker sample;
    sample.add([](Exchange& e) { return sample_answer(e); });
    sample.ask();
    std::vector<WorkerGeneration*> drained;
    sample.worker.on_drained = [&](WorkerGeneration* generation) { drained.push_back(generation); };
    WorkerGeneration next;
    sample.worker.use(&next);
    CHECK(drained == std::vector{&sample.generation});
    CHECK(sample.generation.retired);
}

TEST_CASE("host/worker: use: an old generation is drained when its last query ends") {
    SampleWorker sample;
    Waiter waiter{sample};
    sample.ask();
    const loom_token first = waiter.token;
    sample.ask();
    std::vector<WorkerGeneration*> drained;
    sample.worker.on_drained = [&](WorkerGeneration* generation) { drained.push_back(generation); };
    WorkerGeneration next;
    sample.worker.use(&next);
    CHECK(drained.empty());
    sample.resume(first);
    CHECK(drained.empty());
    sample.resume(waiter.token);
    CHECK(drained == std::vector{&sample.generation});
    CHECK(sample.answers.size() == 2);
    // New queries go to the new one, which has no zones.
    sample.ask();
    CHECK(sample.answers.back().rcode == dns::rcode::refused);
}

TEST_CASE("host/worker: use: a sub-query holds the generation of its parent") {
    SampleWorker sample;
    loom_token child_token = 0;
    sample
        .add([](Exchange& e) {
            if (e.depth != 0) return loom_verdict{LOOM_NEXT};
            ask(e, "x.example.org.", LOOM_FROM_TOP, e.host_worker->suspend(e, 0));
            return loom_verdict{LOOM_PENDING};
        })
        .on_resume = [](Exchange& e, std::int32_t, void*) {
        // From the top of the old generation still.
        if (e.subqueries == 1 &&
            ask(e, "y.example.org.", LOOM_FROM_TOP, e.host_worker->suspend(e, 0)) == LOOM_OK)
            return loom_verdict{LOOM_PENDING};
        return sample_answer(e);
    };
    sample
        .add([&](Exchange& e) {
            CHECK(e.generation == 1);
            if (e.qname.data[1] == 'y') return sample_answer(e);
            child_token = e.host_worker->suspend(e, 0);
            return loom_verdict{LOOM_PENDING};
        })
        .on_resume = [](Exchange& e, std::int32_t, void*) { return sample_answer(e); };
    sample.ask();
    int drained = 0;
    sample.worker.on_drained = [&](WorkerGeneration*) { ++drained; };
    WorkerGeneration next;
    sample.worker.use(&next);
    CHECK(sample.resume(child_token) == LOOM_OK);
    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].rcode == dns::rcode::noerror);
    CHECK(drained == 1);
}

TEST_CASE("host/worker: cancel_all: ends the suspended queries of a generation with SERVFAIL") {
    SampleWorker sample;
    Waiter waiter{sample};
    for (int i = 0; i < 5; ++i) sample.ask();
    WorkerGeneration other;
    const EventLoop::Here here{sample.worker};
    sample.worker.cancel_all(&other);
    CHECK(waiter.cancelled == 0);
    sample.worker.cancel_all(&sample.generation);
    CHECK(waiter.cancelled == 5);
    REQUIRE(sample.answers.size() == 5);
    for (const auto& answer : sample.answers) {
        CHECK(answer.rcode == dns::rcode::servfail);
        CHECK(answer.options == extended_error(14));
    }
    CHECK(sample.worker.suspended_count() == 0);
    CHECK(sample.generation.in_flight == 0);
}

TEST_CASE("host/worker: cancel_all: of parents and children ends all") {
    SampleWorker sample;
    FakePlugin& parent = sample.add([](Exchange& e) {
        ask(e, "x.example.org.", LOOM_FROM_NEXT, e.host_worker->suspend(e, 0));
        return loom_verdict{LOOM_PENDING};
    });
    parent.on_resume = [](Exchange& e, std::int32_t, void*) { return sample_answer(e); };
    Waiter waiter{sample};
    for (int i = 0; i < 3; ++i) sample.ask();
    CHECK(sample.worker.suspended_count() == 6);
    const EventLoop::Here here{sample.worker};
    sample.worker.cancel_all(nullptr);
    CHECK(waiter.cancelled == 3);
    CHECK(sample.answers.size() == 3);
    CHECK(sample.worker.suspended_count() == 0);
    CHECK(sample.generation.in_flight == 0);
}

TEST_CASE("host/worker: when_quiescent: at once when nothing is suspended") {
    SampleWorker sample;
    Waiter waiter{sample};
    int calls = 0;
    sample.worker.when_quiescent([&] { ++calls; });
    CHECK(calls == 1);
    sample.ask();
    sample.resume(waiter.token);
    sample.worker.when_quiescent([&] { ++calls; });
    CHECK(calls == 2);
}

TEST_CASE("host/worker: when_quiescent: waits for those that wait now, and not for later ones") {
    SampleWorker sample;
    Waiter waiter{sample};
    sample.ask();
    const loom_token first = waiter.token;
    std::string order;
    sample.worker.when_quiescent([&] { order += 'a'; });
    sample.ask();
    const loom_token second = waiter.token;
    sample.worker.when_quiescent([&] { order += 'b'; });
    sample.ask();
    CHECK(order.empty());
    SUBCASE("in order") {
        sample.resume(first);
        CHECK(order == "a");
        sample.resume(second);
        CHECK(order == "ab");
    }
    SUBCASE("the second first") {
        sample.resume(second);
        CHECK(order.empty());
        sample.resume(first);
        CHECK(order == "ab");
    }
    CHECK(sample.worker.suspended_count() == 1);
}

TEST_CASE("host/worker: call: runs on the worker's thread and waits for it") {
    SampleServices host;
    Worker& worker = *host.workers[0];
    worker.start_thread();
    std::thread::id ran_on;
    EventLoop* loop = nullptr;
    worker.call([&] {
        ran_on = std::this_thread::get_id();
        loop = EventLoop::current();
    });
    CHECK(ran_on != std::this_thread::get_id());
    CHECK(loop == &worker);
    worker.stop();
    worker.join();
}

TEST_CASE("host/worker: resume: from many threads while the worker runs loses nothing") {
    SampleWorker sample;
    std::vector<loom_token> tokens;
    sample
        .add([&](Exchange& e) {
            tokens.push_back(e.host_worker->suspend(e, 0));
            return loom_verdict{LOOM_PENDING};
        })
        .on_resume = [](Exchange& e, std::int32_t, void*) { return sample_answer(e); };
    for (int i = 0; i < 200; ++i) sample.ask();
    sample.worker.start_thread();
    std::atomic<int> resumed{0};
    const auto resume_all = [&] {
        for (const loom_token token : tokens)
            if (sample.worker.resume(token, 0, nullptr) == LOOM_OK) ++resumed;
    };
    std::thread other{resume_all};
    resume_all();
    other.join();
    std::size_t answers = 0;
    sample.worker.call([&] { answers = sample.answers.size(); });
    sample.worker.stop();
    sample.worker.join();
    CHECK(resumed == 200);
    CHECK(answers == 200);
}
