// SPDX-License-Identifier: Apache-2.0
// Upstreams that are slow, gone or refuse, and limits.
#include "forward_bench.hpp"

using namespace loom::forward::test;
using namespace std::chrono_literals;

namespace {

/// Moves the clock until the query is lost and the next one there.
Datagram receive_after(Harness& h, ScriptedUpstream& upstream, std::chrono::milliseconds wait) {
    h.run_ready();
    h.advance(wait);
    return receive(h, upstream);
}

bool is_probe(const Message& query) { return question_of(query) == Message{0, 0, 2, 0, 1}; }

/// The wait of one attempt may end a tick late.
constexpr auto tick = 10ms;

}  // namespace

TEST_CASE("forward/failure: a lost query: the next upstream, by read_timeout at the latest") {
    ScriptedUpstream first;
    ScriptedUpstream second;
    Harness h{loom_module_0, settings_for({&first, &second}, {{"read_timeout", "300ms"}})};
    auto flight = h.send("example.org. A");
    receive(h, first);
    h.advance(290ms);
    CHECK(is_quiet(h, second));

    const auto query = receive_after(h, second, 10ms + tick);
    second.send(query, Reply{query.message}.a("192.0.2.2"));
    CHECK(answer_of(h, *flight).answer.at(0) == "example.org. 60 IN A 192.0.2.2");
}

TEST_CASE("forward/failure: a lost query to an upstream known to be fast: the next one soon") {
    ScriptedUpstream first;
    ScriptedUpstream second;
    Harness h{loom_module_0, settings_for({&first, &second})};
    auto known = h.send("one.example. A");
    const auto query = receive(h, first);
    h.advance(1ms);
    first.send(query, Reply{query.message});
    answer_of(h, *known);

    auto flight = h.send("two.example. A");
    receive(h, first);
    receive_after(h, second, 100ms + tick);
}

TEST_CASE("forward/failure: a late reply of the attempt before: as good as any") {
    ScriptedUpstream first;
    ScriptedUpstream second;
    Harness h{loom_module_0, settings_for({&first, &second}, {{"read_timeout", "300ms"}})};
    auto flight = h.send("example.org. A");
    const auto late = receive(h, first);
    receive_after(h, second, 300ms + tick);

    first.send(late, Reply{late.message}.a("192.0.2.1"));

    const auto answer = answer_of(h, *flight);
    CHECK(answer.answer.at(0) == "example.org. 60 IN A 192.0.2.1");
    CHECK(answer.meta.at("forward/upstream") == first.endpoint());
}

TEST_CASE("forward/failure: nobody answers: each is tried twice, then SERVFAIL says whom") {
    ScriptedUpstream first;
    ScriptedUpstream second;
    Harness h{
        loom_module_0,
        settings_for({&first, &second}, {{"read_timeout", "300ms"}, {"health_check", "0"}})};
    auto flight = h.send(Question{"example.org. A"}.edns());
    receive(h, first);
    receive_after(h, second, 300ms + tick);
    receive_after(h, first, 300ms + tick);
    receive_after(h, second, 300ms + tick);
    h.advance(300ms + tick);

    const auto answer = answer_of(h, *flight);
    CHECK(answer.rcode == 2);
    REQUIRE(answer.extended_error());
    CHECK(answer.extended_error()->code == 22);
    CHECK(answer.extended_error()->text == second.endpoint() + ": timed out");
    CHECK(h.suspended_count() == 0);
    CHECK(h.timer_count() == 0);
}

TEST_CASE("forward/failure: max_connect_attempts: no more, and the last one has all its time") {
    ScriptedUpstream first;
    ScriptedUpstream second;
    Harness h{
        loom_module_0,
        settings_for({&first, &second}, {{"max_connect_attempts", 1}, {"health_check", "0"}})};
    auto flight = h.send("example.org. A");
    receive(h, first);
    h.advance(1900ms);
    CHECK(h.result(*flight).pending);
    h.advance(100ms + tick);

    CHECK(answer_of(h, *flight).rcode == 2);
    CHECK(is_quiet(h, second));
}

TEST_CASE("forward/failure: a single upstream: is tried twice, with another id") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream}, {{"health_check", "0"}})};
    auto flight = h.send("example.org. A");
    const auto first = receive(h, upstream);
    const auto second = receive_after(h, upstream, 1s + tick);

    CHECK(u16_at(first.message, 0) != u16_at(second.message, 0));
    upstream.send(second, Reply{second.message}.a("192.0.2.1"));
    CHECK(answer_of(h, *flight).answer.size() == 1);
}

TEST_CASE("forward/failure: the client's deadline is near: SERVFAIL with a reason before it") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream})};
    auto flight = h.send(Question{"example.org. A"}.edns().deadline(600ms));
    receive(h, upstream);

    h.advance(599ms);
    const auto answer = answer_of(h, *flight);
    CHECK(answer.source == loom::harness::Source::plugin);
    REQUIRE(answer.extended_error());
    CHECK(answer.extended_error()->code == 22);
}

TEST_CASE("forward/failure: a port where nobody listens: the next upstream at once") {
    ScriptedUpstream first;
    ScriptedUpstream second;
    first.close_udp();
    Harness h{loom_module_0, settings_for({&first, &second})};
    auto flight = h.send("example.org. A");

    const auto query = receive(h, second);
    second.send(query, Reply{query.message}.a("192.0.2.2"));
    CHECK(answer_of(h, *flight).answer.size() == 1);
}

TEST_CASE("forward/failure: all refuse: SERVFAIL names the network error") {
    ScriptedUpstream upstream;
    upstream.close_udp();
    Harness h{loom_module_0, settings_for({&upstream})};

    auto flight = h.send(Question{"example.org. A"}.edns());
    const auto answer = answer_of(h, *flight);

    CHECK(answer.rcode == 2);
    REQUIRE(answer.extended_error());
    CHECK(answer.extended_error()->code == 23);
    CHECK(answer.extended_error()->text == upstream.endpoint() + ": Connection refused");
}

TEST_CASE("forward/failure: max_fails in a row: down, left out, probed, and up again") {
    ScriptedUpstream first;
    ScriptedUpstream second;
    Harness h{loom_module_0, settings_for({&first, &second}, {{"read_timeout", "300ms"}})};
    std::vector<std::shared_ptr<Flight>> flights;
    for (int i = 0; i < 2; ++i) {
        CHECK(metric(h, "upstream_up", first) == 1);
        flights.push_back(h.send("example.org. A"));
        receive(h, first);
        const auto query = receive_after(h, second, 300ms + tick);
        second.send(query, Reply{query.message});
        answer_of(h, *flights.back());
    }
    CHECK(metric(h, "upstream_up", first) == 0);
    CHECK(h.logged("upstream is down"));
    CHECK(is_probe(receive(h, first).message));

    flights.push_back(h.send("example.org. A"));
    const auto query = receive(h, second);
    second.send(query, Reply{query.message});
    answer_of(h, *flights.back());
    CHECK(is_quiet(h, first));

    // The first probe is lost; the next one comes health_check later.
    h.advance(300ms + tick);
    h.run_ready();
    CHECK(metric(h, "healthcheck_failures_total", first) == 1);
    h.advance(480ms);
    CHECK(is_quiet(h, first));
    h.advance(30ms);
    const auto probe = receive(h, first);
    REQUIRE(is_probe(probe.message));
    first.send(probe, Reply{probe.message}.rcode(5));
    CHECK(h.run_until([&] { return metric(h, "upstream_up", first) == 1; }));
    CHECK(h.logged("upstream is up again"));

    flights.push_back(h.send("example.org. A"));
    CHECK_FALSE(is_probe(receive(h, first).message));
}

TEST_CASE("forward/failure: health_check_domain: is what probes ask for") {
    ScriptedUpstream upstream;
    Harness h{
        loom_module_0,
        settings_for({&upstream}, {{"health_check_domain", "probe.example"}, {"max_fails", 1}})};
    auto flight = h.send("example.org. A");
    receive(h, upstream);
    h.advance(1s + tick);

    // The probe, and the second attempt.
    const auto wanted = question_of(make_query("probe.example", 2));
    const auto one = receive(h, upstream).message;
    const auto two = receive(h, upstream).message;
    CHECK((question_of(one) == wanted) != (question_of(two) == wanted));
}

TEST_CASE("forward/failure: health_check_no_rec: probes have no RD") {
    for (const bool no_rec : {false, true}) {
        ScriptedUpstream upstream;
        Harness h{
            loom_module_0,
            settings_for({&upstream}, {{"health_check_no_rec", no_rec}, {"max_fails", 1}})};
        auto flight = h.send("example.org. A");
        receive(h, upstream);
        h.advance(1s + tick);
        auto probe = receive(h, upstream).message;
        if (!is_probe(probe)) probe = receive(h, upstream).message;
        REQUIRE(is_probe(probe));
        CHECK(u16_at(probe, 2) == (no_rec ? 0 : 0x0100));
    }
}

TEST_CASE("forward/failure: force_tcp: probes go over TCP, too") {
    ScriptedUpstream upstream;
    upstream.close_tcp();
    Harness h{loom_module_0, settings_for({&upstream}, {{"force_tcp", true}, {"max_fails", 1}})};
    auto flight = h.send("example.org. A");
    CHECK(answer_of(h, *flight).rcode == 2);

    CHECK(metric(h, "upstream_up", upstream) == 0);
    CHECK(h.run_until([&] { return metric(h, "healthcheck_failures_total", upstream) >= 1; }));
    CHECK(is_quiet(h, upstream));
}

TEST_CASE(
    "forward/failure: all are down: SERVFAIL at once, with the reason, until a probe succeeds") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream}, {{"max_fails", 1}})};
    upstream.close_udp();
    auto flight = h.send("example.org. A");
    answer_of(h, *flight);
    upstream.open_udp();

    const auto answer = h.ask(Question{"example.org. A"}.edns());
    CHECK(answer.rcode == 2);
    REQUIRE(answer.extended_error());
    CHECK(answer.extended_error()->code == 23);
    CHECK(
        answer.extended_error()->text ==
        "all upstreams are down; " + upstream.endpoint() + ": Connection refused");
    CHECK(h.metric("dnsloom_forward_failfast_total") == 1);

    h.advance(500ms + tick);
    const auto probe = receive(h, upstream);
    REQUIRE(is_probe(probe.message));
    upstream.send(probe, Reply{probe.message});
    REQUIRE(h.run_until([&] { return metric(h, "upstream_up", upstream) == 1; }));
    auto next = h.send("example.org. A");
    const auto query = receive(h, upstream);
    upstream.send(query, Reply{query.message}.a("192.0.2.1"));
    CHECK(answer_of(h, *next).answer.size() == 1);
}

TEST_CASE("forward/failure: all time out: what fails at once then has extended error 22") {
    ScriptedUpstream upstream;
    Harness h{
        loom_module_0, settings_for({&upstream}, {{"max_fails", 1}, {"read_timeout", "100ms"}})};
    auto flight = h.send("example.org. A");
    receive(h, upstream);
    h.advance(1s);
    answer_of(h, *flight);

    const auto answer = h.ask(Question{"example.org. A"}.edns());
    REQUIRE(answer.extended_error());
    CHECK(answer.extended_error()->code == 22);
    CHECK(h.metric("dnsloom_forward_failfast_total") == 1);
}

TEST_CASE("forward/failure: all are down: one is asked all the same, and counted") {
    ScriptedUpstream upstream;
    Harness h{
        loom_module_0,
        settings_for(
            {&upstream},
            {{"max_fails", 1},
             {"health_check", "1h"},
             {"failfast_all_unhealthy_upstreams", false}})};
    upstream.close_udp();
    auto flight = h.send("example.org. A");
    CHECK(answer_of(h, *flight).rcode == 2);
    CHECK(metric(h, "upstream_up", upstream) == 0);
    const auto before = h.metric("dnsloom_forward_healthcheck_broken_total");
    upstream.open_udp();

    auto next = h.send("example.org. A");
    const auto query = receive(h, upstream);
    upstream.send(query, Reply{query.message}.a("192.0.2.1"));

    CHECK(answer_of(h, *next).answer.size() == 1);
    CHECK(h.metric("dnsloom_forward_healthcheck_broken_total") == before + 1);
    // Any reply shows that it is well.
    CHECK(metric(h, "upstream_up", upstream) == 1);
}

TEST_CASE("forward/failure: max_fails 0 or health_check 0: no upstream is ever down") {
    for (const Table& more : {Table{{"max_fails", 0}}, Table{{"health_check", "0"}}}) {
        ScriptedUpstream upstream;
        upstream.close_udp();
        Harness h{loom_module_0, settings_for({&upstream}, more)};

        for (int i = 0; i < 5; ++i) {
            auto flight = h.send("example.org. A");
            answer_of(h, *flight);
        }

        CHECK(metric(h, "upstream_up", upstream) == 1);
        CHECK(metric(h, "healthcheck_failures_total", upstream) == 0);
    }
}

TEST_CASE("forward/failure: a slow question to an upstream that answers others: not its failure") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream}, {{"max_fails", 1}})};
    auto slow = h.send("slow.example. A");
    receive(h, upstream);
    h.advance(10ms);
    auto fast = h.send("fast.example. A");
    const auto query = receive(h, upstream);
    h.advance(1ms);
    upstream.send(query, Reply{query.message});
    answer_of(h, *fast);

    const auto again = receive_after(h, upstream, 1s);

    CHECK(question_of(again.message) == question_of(make_query("slow.example")));
    CHECK(metric(h, "upstream_up", upstream) == 1);
}

TEST_CASE("forward/failure: max_concurrent: one more query fails at once") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream}, {{"max_concurrent", 2}})};
    auto one = h.send("one.example. A");
    auto two = h.send("two.example. A");

    const auto third = h.ask(Question{"three.example. A"}.edns());
    CHECK(third.rcode == 2);
    CHECK(third.extended_error()->code == 23);
    CHECK(h.metric("dnsloom_forward_max_concurrent_rejects_total") == 1);

    const auto query = receive(h, upstream);
    upstream.send(query, Reply{query.message});
    answer_of(h, *one);
    CHECK(h.ask("four.example. A").pending);
}

TEST_CASE("forward/failure: the host suspends no more queries: SERVFAIL, and nothing is left") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream}), {.suspended_max = 0}};

    CHECK(h.ask("example.org. A").rcode == 2);
    CHECK(is_quiet(h, upstream));
    CHECK(h.timer_count() == 0);
}
