// SPDX-License-Identifier: Apache-2.0
#include "sample_worker.hpp"
#include "worker.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

using namespace loom;
using namespace loom::host;

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
    CHECK(sample.answers[0].options == sample_error(20));
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
    CHECK(sample.answers[0].options == sample_error(22));
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
