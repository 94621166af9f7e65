// SPDX-License-Identifier: Apache-2.0
#include "../net/sample_worker.hpp"
#include "publisher.hpp"

#include <doctest/doctest.h>

using namespace loom::host;

namespace {

void count_up(void* count) { ++*static_cast<int*>(count); }

void run_all(SampleWorker& sample) {
    run_ready(sample.worker);
    run_ready(sample.host.control);
}

}  // namespace

TEST_CASE("host/publisher: retire: frees when every worker has passed") {
    SampleServices host{2};
    int freed = 0;
    host.publisher.retire(nullptr, count_up, &freed);
    run_ready(host.control);
    CHECK(freed == 0);
    run_ready(*host.workers[0]);
    run_ready(host.control);
    CHECK(freed == 0);
    run_ready(*host.workers[1]);
    CHECK(freed == 0);  // Not on the worker.
    run_ready(host.control);
    CHECK(freed == 1);
}

TEST_CASE("host/publisher: retire: waits for suspended queries that began before") {
    SampleWorker sample;
    std::vector<loom_token> tokens;
    sample
        .add([&](Exchange& e) {
            tokens.push_back(e.host_worker->suspend(e, 0));
            return loom_verdict{LOOM_PENDING};
        })
        .on_resume = [](Exchange& e, std::int32_t, void*) { return sample_answer(e); };
    sample.ask();
    int freed = 0;
    sample.host.publisher.retire(nullptr, count_up, &freed);
    run_all(sample);
    CHECK(freed == 0);
    sample.ask();
    sample.resume(tokens[0]);
    run_all(sample);
    CHECK(freed == 1);
    CHECK(sample.worker.suspended_count() == 1);
}

TEST_CASE("host/publisher: retire: waits for sub-queries whose parents have ended") {
    SampleWorker sample;
    loom_token child = 0;
    sample.add([](Exchange& e) {
        const Octets qname = wire_name("x.example.org.");
        const loom_token token = e.host_worker->suspend(e, sample_second);
        e.host_worker->ask(e, qname, 1, 1, 1, token);
        return loom_verdict{LOOM_PENDING};
    });
    sample
        .add([&](Exchange& e) {
            child = e.host_worker->suspend(e, 0);
            return loom_verdict{LOOM_PENDING};
        })
        .on_resume = [](Exchange& e, std::int32_t, void*) { return sample_answer(e); };
    sample.ask();
    int freed = 0;
    sample.host.publisher.retire(nullptr, count_up, &freed);
    run_all(sample);
    sample.advance(2 * sample_second);
    REQUIRE(sample.answers.size() == 1);
    run_all(sample);
    CHECK(freed == 0);
    sample.resume(child);
    run_all(sample);
    CHECK(freed == 1);
}

TEST_CASE("host/publisher: retire: a deadline frees, too") {
    SampleWorker sample;
    sample.add([](Exchange& e) {
        e.host_worker->suspend(e, 0);
        return loom_verdict{LOOM_PENDING};
    });
    sample.ask();
    int freed = 0;
    sample.host.publisher.retire(nullptr, count_up, &freed);
    run_all(sample);
    CHECK(freed == 0);
    sample.advance(11 * sample_second);
    run_all(sample);
    CHECK(freed == 1);
}

TEST_CASE("host/publisher: finish_owner: frees what the owner has left, once, and nothing else") {
    SampleServices host;
    const auto* mine = reinterpret_cast<const Instance*>(&host);
    int freed = 0;
    int freed_of_other = 0;
    host.publisher.retire(mine, count_up, &freed);
    host.publisher.retire(mine, count_up, &freed);
    host.publisher.retire(nullptr, count_up, &freed_of_other);
    host.publisher.finish_owner(mine);
    CHECK(freed == 2);
    CHECK(freed_of_other == 0);
    run_ready(*host.workers[0]);
    run_ready(host.control);
    CHECK(freed == 2);
    CHECK(freed_of_other == 1);
}
