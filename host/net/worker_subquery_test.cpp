// SPDX-License-Identifier: Apache-2.0
#include "sample_worker.hpp"

#include <dnsloom/abi/plugin.h>
#include <dnsloom/abi/service/ask.h>

#include <doctest/doctest.h>

#include <string>

using namespace loom;
using namespace loom::host;

namespace {

loom_status ask(Exchange& e, std::string_view qname, std::int32_t from, loom_token token) {
    const Octets wire = wire_name(qname);
    return e.host_worker->ask(e, wire, dns::rr_type::a, dns::rr_class::in, from, token);
}

}  // namespace

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
