// SPDX-License-Identifier: Apache-2.0
// Who else is asked: after a failing reply, while one is slow, and after one was down.
#include "forward_bench.hpp"

using namespace loom::forward::test;
using namespace std::chrono_literals;

namespace {

constexpr auto tick = 10ms;

/// Answers one query.
void serve(Harness& h, ScriptedUpstream& upstream, std::chrono::milliseconds after = {}) {
    auto flight = h.send("known.example. A");
    const auto query = receive(h, upstream);
    h.advance(after);
    upstream.send(query, Reply{query.message}.a("192.0.2.9"));
    answer_of(h, *flight);
}

void reply(ScriptedUpstream& upstream, const Datagram& query, std::uint8_t rcode) {
    upstream.send(query, Reply{query.message}.rcode(rcode));
}

}  // namespace

TEST_CASE("forward/choice: failover: the next upstream is asked, and the best reply taken") {
    ScriptedUpstream one;
    ScriptedUpstream two;
    Harness h{
        loom_module_0, settings_for({&one, &two}, {{"failover", List{"SERVFAIL", "REFUSED"}}})};

    auto flight = h.send("example.org. A");
    reply(one, receive(h, one), 5);
    const auto query = receive(h, two);
    two.send(query, Reply{query.message}.a("192.0.2.2"));
    const auto answer = answer_of(h, *flight);
    CHECK(answer.answer.at(0) == "example.org. 60 IN A 192.0.2.2");
    CHECK(answer.meta.at("forward/upstream") == two.endpoint());

    auto other = h.send("example.org. A");
    reply(one, receive(h, one), 3);
    CHECK(answer_of(h, *other).rcode == 3);
    CHECK(is_quiet(h, two));
}

TEST_CASE("forward/choice: failover: with nobody left, the last reply is the answer") {
    ScriptedUpstream one;
    ScriptedUpstream two;
    Harness h{
        loom_module_0,
        settings_for({&one, &two}, {{"failover", List{"SERVFAIL", "REFUSED"}}, {"max_fails", 0}})};
    auto flight = h.send("example.org. A");
    reply(one, receive(h, one), 5);
    reply(two, receive(h, two), 2);
    CHECK(answer_of(h, *flight).rcode == 2);

    // The second stays silent: what the first said is better than nothing.
    auto other = h.send("example.org. A");
    reply(one, receive(h, one), 5);
    receive(h, two);
    h.advance(2s + tick);
    CHECK(answer_of(h, *other).rcode == 5);
    CHECK(h.suspended_count() == 0);
    CHECK(h.timer_count() == 0);
}

TEST_CASE("forward/choice: without failover: SERVFAIL is an answer") {
    ScriptedUpstream one;
    ScriptedUpstream two;
    Harness h{loom_module_0, settings_for({&one, &two})};
    auto flight = h.send("example.org. A");
    reply(one, receive(h, one), 2);

    CHECK(answer_of(h, *flight).rcode == 2);
    CHECK(is_quiet(h, two));
}

TEST_CASE("forward/choice: failover: what is no RCODE, or none of a failure, is refused") {
    const auto refusal = [](const char* rcode) {
        return Harness::refusal(loom_module_0, {{"to", "192.0.2.1"}, {"failover", rcode}});
    };
    CHECK(refusal("SERVFIAL").find("`SERVFIAL` is no RCODE") != std::string::npos);
    CHECK(refusal("NOERROR").find("NOERROR is no failure") != std::string::npos);
    CHECK(refusal("SERVFAIL").empty());
}

TEST_CASE("forward/choice: hedge: a second is asked when the first is slower than it mostly is") {
    ScriptedUpstream one;
    ScriptedUpstream two;
    Harness h{loom_module_0, settings_for({&one, &two}, {{"hedge", 100}})};
    for (int i = 0; i < 16; ++i) serve(h, one, 20ms);

    auto flight = h.send("example.org. A");
    const auto slow = receive(h, one);
    h.advance(15ms);
    CHECK(is_quiet(h, two));
    h.advance(5ms + tick);
    const auto second = receive(h, two);
    two.send(second, Reply{second.message}.a("192.0.2.2"));
    CHECK(answer_of(h, *flight).answer.at(0) == "example.org. 60 IN A 192.0.2.2");
    CHECK(metric(h, "hedges_total", two) == 1);
    CHECK(metric(h, "upstream_up", one) == 1);

    // The first may win as well.
    auto other = h.send("example.org. A");
    const auto first = receive(h, one);
    h.advance(20ms + tick);
    const auto late = receive(h, two);
    one.send(first, Reply{first.message}.a("192.0.2.1"));
    CHECK(answer_of(h, *other).answer.at(0) == "example.org. 60 IN A 192.0.2.1");
    CHECK(h.timer_count() + h.suspended_count() == h.timer_count());
}

TEST_CASE("forward/choice: hedge: SERVFAIL of one does not win over what the other may say") {
    ScriptedUpstream one;
    ScriptedUpstream two;
    Harness h{loom_module_0, settings_for({&one, &two}, {{"hedge", 100}})};
    for (int i = 0; i < 16; ++i) serve(h, one, 20ms);

    for (const bool second_answers : {true, false}) {
        auto flight = h.send("example.org. A");
        const auto first = receive(h, one);
        h.advance(20ms + tick);
        const auto second = receive(h, two);
        reply(one, first, 2);
        h.run_ready(50ms);
        CHECK(h.result(*flight).pending);
        if (second_answers)
            two.send(second, Reply{second.message}.a("192.0.2.2"));
        else
            h.advance(2s);
        CHECK(answer_of(h, *flight).rcode == (second_answers ? 0 : 2));
    }
}

TEST_CASE("forward/choice: hedge: not beyond its budget, and not at all by default") {
    for (const int percent : {10, 0}) {
        ScriptedUpstream one;
        ScriptedUpstream two;
        Harness h{loom_module_0, settings_for({&one, &two}, {{"hedge", percent}})};
        for (int i = 0; i < 20; ++i) serve(h, one, 20ms);
        for (int i = 0; i < 10; ++i) {
            auto flight = h.send("example.org. A");
            const auto query = receive(h, one);
            h.advance(20ms + tick);
            h.run_ready();
            one.send(query, Reply{query.message}.a("192.0.2.1"));
            answer_of(h, *flight);
        }
        CHECK(metric(h, "hedges_total", two) == (percent == 0 ? 0 : 3));
    }
}

TEST_CASE(
    "forward/choice: an upstream that comes up: gets few queries, until it has answered some") {
    ScriptedUpstream one;
    ScriptedUpstream two;
    Harness h{loom_module_0, settings_for({&one, &two}, {{"max_fails", 1}})};
    one.close_udp();
    serve(h, two);
    REQUIRE(metric(h, "upstream_up", one) == 0);
    one.open_udp();
    h.advance(500ms + tick);
    const auto probe = receive(h, one);
    one.send(probe, Reply{probe.message});
    REQUIRE(h.run_until([&] { return metric(h, "upstream_up", one) == 1; }));

    const auto asked_of = [&](int queries) {
        int ones = 0;
        for (int i = 0; i < queries; ++i) {
            auto next = h.send("example.org. A");
            std::optional<Datagram> to_one;
            std::optional<Datagram> to_two;
            REQUIRE(h.run_until([&] {
                if (!to_one) to_one = one.take();
                if (!to_two) to_two = two.take();
                return to_one || to_two;
            }));
            if (to_one) ++ones;
            auto& upstream = to_one ? one : two;
            const auto query = to_one ? *to_one : *to_two;
            upstream.send(query, Reply{query.message}.a("192.0.2.1"));
            answer_of(h, *next);
        }
        return ones;
    };
    CHECK(asked_of(24) == 3);
    CHECK(asked_of(1 + 10) == 11);
}

TEST_CASE("forward/choice: an upstream on trial that fails again: is down at once") {
    ScriptedUpstream one;
    ScriptedUpstream two;
    Harness h{loom_module_0, settings_for({&one, &two}, {{"max_fails", 3}})};
    one.close_udp();
    for (int i = 0; i < 3; ++i) serve(h, two);
    REQUIRE(metric(h, "upstream_up", one) == 0);
    one.open_udp();
    h.advance(500ms + tick);
    const auto probe = receive(h, one);
    one.send(probe, Reply{probe.message});
    REQUIRE(h.run_until([&] { return metric(h, "upstream_up", one) == 1; }));

    one.close_udp();
    serve(h, two);
    CHECK(metric(h, "upstream_up", one) == 0);
}

TEST_CASE("forward/choice: policy least_latency: the fastest gets nearly all") {
    ScriptedUpstream slow;
    ScriptedUpstream fast;
    Harness h{loom_module_0, settings_for({&slow, &fast}, {{"policy", "least_latency"}})};
    int fast_ones = 0;
    for (int i = 0; i < 100; ++i) {
        auto flight = h.send("example.org. A");
        std::optional<Datagram> to_slow;
        std::optional<Datagram> to_fast;
        REQUIRE(h.run_until([&] {
            if (!to_slow) to_slow = slow.take();
            if (!to_fast) to_fast = fast.take();
            return to_slow || to_fast;
        }));
        if (to_fast) ++fast_ones;
        h.advance(to_fast ? 1ms : 50ms);
        auto& upstream = to_fast ? fast : slow;
        const auto query = to_fast ? *to_fast : *to_slow;
        upstream.send(query, Reply{query.message});
        answer_of(h, *flight);
    }
    CHECK(fast_ones > 80);
}
