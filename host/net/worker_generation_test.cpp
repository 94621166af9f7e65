// SPDX-License-Identifier: Apache-2.0
#include "sample_worker.hpp"

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
        CHECK(answer.options == sample_error(14));
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
