// SPDX-License-Identifier: Apache-2.0
// Servers that leave queries to others with LOOM_ELSEWHERE.
#include "../pipeline/question_service.hpp"
#include "sample_worker.hpp"

#include <dnsloom/abi/plugin.h>
#include <dnsloom/abi/service/ask.h>

#include <doctest/doctest.h>

#include <string>

using namespace loom;
using namespace loom::host;

namespace {

loom_verdict elsewhere(Exchange&) { return LOOM_ELSEWHERE; }

void add_selector(SampleWorker& sample) { sample.add(elsewhere).roles = LOOM_ROLE_SELECTS; }

}  // namespace

TEST_CASE("host/worker: elsewhere: the next server with the zone is asked, then those above") {
    SampleWorker sample;
    std::string trace;
    const auto note = [&](char letter) {
        return [&trace, letter](Exchange&) {
            trace += letter;
            return loom_verdict{LOOM_ELSEWHERE};
        };
    };
    sample.add(note('a')).roles = LOOM_ROLE_SELECTS;
    sample.add_server("org.");
    sample.add([&](Exchange& e) {
        trace += 'o';
        CHECK(Octets(e.zone.data, e.zone.data + e.zone.size) == wire_name("org."));
        CHECK(e.pipeline->server == 1);
        return sample_answer(e);
    });
    sample.add_server("example.org.");
    sample.add(note('b')).roles = LOOM_ROLE_SELECTS;

    sample.ask();

    CHECK(trace == "abo");
    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].records == 1);
    CHECK(sample.generation.in_flight == 0);
}

TEST_CASE("host/worker: elsewhere: without another server it is REFUSED as without a zone") {
    SampleWorker sample;
    add_selector(sample);

    sample.ask();

    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].rcode == dns::rcode::refused);
    CHECK(sample.answers[0].options == sample_error(20));
    CHECK(sample.metric(sample.worker.metrics().no_zone) == 1);
}

TEST_CASE("host/worker: elsewhere: nothing of the first pipeline stays") {
    SampleWorker sample;
    bool passed = false;
    FakePlugin& front = sample.add([](Exchange& e) {
        std::memset(e.scratch(), 0xAB, 16);
        const Octets other = wire_name("other.example.net.");
        CHECK(question_service.set(&e, {other.data(), other.size()}, 16, 1) == LOOM_OK);
        CHECK(response_service.extended_error(&e, 1, {}) == LOOM_OK);
        return loom_verdict{LOOM_NEXT};
    });
    front.scratch_size = 16;
    front.on_response = [&](Exchange&) {
        passed = true;
        return loom_verdict{LOOM_NEXT};
    };
    FakePlugin& nodata =
        sample.add([](Exchange& e) { return sample_answer(e, dns::rcode::nxdomain); });
    nodata.on.nxdomain = Outcome::next;
    add_selector(sample);
    sample.add_server("example.org.");
    FakePlugin& second = sample.add([](Exchange& e) {
        CHECK(Octets(e.qname.data, e.qname.data + e.qname.size) == wire_name("www.example.org."));
        CHECK(e.qtype == dns::rr_type::a);
        const auto* octets = static_cast<const std::uint8_t*>(e.scratch());
        CHECK(std::count(octets, octets + 64, 0) == 64);
        CHECK_FALSE(e.has_aside);
        CHECK(e.response.form == ResponseForm::none);
        return loom_verdict{LOOM_NEXT};
    });
    second.scratch_size = 64;

    sample.ask();

    CHECK_FALSE(passed);
    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].rcode == dns::rcode::refused);
    CHECK(sample.answers[0].options.empty());
}

TEST_CASE("host/worker: elsewhere: after a suspension, and the next server may suspend, too") {
    SampleWorker sample;
    Waiter waiter{sample};
    FakePlugin& front = sample.add(elsewhere);
    front.roles = LOOM_ROLE_SELECTS;
    sample.add_server("org.");
    Waiter second{sample};
    sample.ask();
    // The first waiter passes the query on when it is resumed.
    REQUIRE(waiter.token != 0);
    sample.advance(sample.worker.limits().query_timeout_ns + sample_second);

    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].rcode == dns::rcode::servfail);
    CHECK(second.token == 0);
    CHECK(sample.worker.suspended_count() == 0);
}

TEST_CASE("host/worker: elsewhere: said by on_resume: moves the query, and its place in the table "
          "is free") {
    SampleWorker sample;
    loom_token token = 0;
    FakePlugin& front = sample.add([&](Exchange& e) {
        token = e.host_worker->suspend(e, 0);
        return loom_verdict{LOOM_PENDING};
    });
    front.roles = LOOM_ROLE_SELECTS;
    front.on_resume = [](Exchange&, std::int32_t, void*) { return loom_verdict{LOOM_ELSEWHERE}; };
    sample.add_server("org.");
    Waiter second{sample};
    sample.ask();

    REQUIRE(sample.resume(token) == LOOM_OK);
    CHECK(sample.answers.empty());
    CHECK(sample.worker.suspended_count() == 1);
    REQUIRE(sample.resume(second.token) == LOOM_OK);

    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].records == 1);
    CHECK(sample.worker.suspended_count() == 0);
    CHECK(sample.generation.in_flight == 0);
}

TEST_CASE("host/worker: elsewhere: with a suspension announced ends that") {
    SampleWorker sample;
    FakePlugin& front = sample.add([](Exchange& e) {
        CHECK(e.host_worker->suspend(e, 0) != 0);
        return loom_verdict{LOOM_ELSEWHERE};
    });
    front.roles = LOOM_ROLE_SELECTS;
    sample.add_server("org.");
    sample.add([](Exchange& e) { return sample_answer(e); });

    sample.ask();

    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].records == 1);
    CHECK(sample.worker.suspended_count() == 0);
}

TEST_CASE(
    "host/worker: elsewhere: a suspension that was announced is not that of the next server") {
    SampleWorker sample;
    sample
        .add([](Exchange& e) {
            CHECK(e.host_worker->suspend(e, 0) != 0);
            return loom_verdict{LOOM_ELSEWHERE};
        })
        .roles = LOOM_ROLE_SELECTS;
    sample.add_server("org.");
    sample.add([](Exchange&) { return loom_verdict{LOOM_PENDING}; });

    sample.ask();

    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].rcode == dns::rcode::servfail);
    CHECK(sample.errors(1) == 1);
}

TEST_CASE("host/worker: elsewhere: from a plugin without the role is its error") {
    SampleWorker sample;
    sample.add(elsewhere);
    sample.add_server("org.");
    sample.add([](Exchange& e) { return sample_answer(e); });

    sample.ask();

    REQUIRE(sample.answers.size() == 1);
    CHECK(sample.answers[0].rcode == dns::rcode::servfail);
    CHECK(sample.errors(0) == 1);
}

TEST_CASE(
    "host/worker: elsewhere: of a sub-query from the top, and of one from the plugin behind") {
    for (const std::int32_t from : {LOOM_FROM_TOP, LOOM_FROM_NEXT}) {
        CAPTURE(from);
        SampleWorker sample;
        std::uint16_t rcode = 0xFFFF;
        FakePlugin& asker = sample.add([&](Exchange& e) {
            if (e.depth != 0) return loom_verdict{LOOM_NEXT};
            const loom_token token = e.host_worker->suspend(e, 0);
            const Octets name = wire_name("b.example.org.");
            CHECK(e.host_worker->ask(e, name, 1, 1, from, token) == LOOM_OK);
            return loom_verdict{LOOM_PENDING};
        });
        asker.on_resume = [&](Exchange& e, std::int32_t, void* arg) {
            rcode = response_service.rcode(static_cast<loom_query*>(arg));
            return sample_answer(e);
        };
        add_selector(sample);
        sample.add_server("org.");
        sample.add([](Exchange& e) { return sample_answer(e); });

        sample.ask();
        run_ready(sample.worker);

        REQUIRE(sample.answers.size() == 1);
        CHECK(rcode == (from == LOOM_FROM_TOP ? dns::rcode::noerror : dns::rcode::servfail));
    }
}
