// SPDX-License-Identifier: Apache-2.0
// Truncated replies, and connections in all their moods.
#include "forward_bench.hpp"

using namespace loom::forward::test;
using namespace std::chrono_literals;

namespace {

Table over_tcp(std::initializer_list<const ScriptedUpstream*> upstreams, Table more = {}) {
    more.push_back({"force_tcp", true});
    return settings_for(upstreams, more);
}

constexpr std::uint16_t tc = 0x0200;

}  // namespace

TEST_CASE("forward/tcp: TC over UDP: the same upstream over TCP") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream})};
    auto flight = h.send(Question{"example.org. A"}.tcp());
    const auto query = receive(h, upstream);
    upstream.send(query, Reply{query.message}.set(tc));

    auto peer = accept(h, upstream);
    const auto again = receive(h, peer);
    CHECK(question_of(again) == question_of(query.message));
    auto reply = Reply{again};
    for (int i = 0; i < 1000; ++i) reply.a("192.0.2.1");
    peer.send(reply.opt());

    CHECK(answer_of(h, *flight).answer.size() == 1000);
    CHECK(metric(h, "requests_total", upstream) == 2);
}

TEST_CASE("forward/tcp: a datagram larger than the buffer: over TCP") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream})};
    auto flight = h.send("example.org. A");
    const auto query = receive(h, upstream);
    auto reply = Reply{query.message};
    for (int i = 0; i < 200; ++i) reply.a("192.0.2.1");
    upstream.send(query, reply);

    auto peer = accept(h, upstream);
    peer.send(Reply{receive(h, peer)}.a("192.0.2.1"));
    CHECK(answer_of(h, *flight).answer.size() == 1);
}

TEST_CASE("forward/tcp: TC over UDP, and nobody listens on TCP: the next upstream") {
    ScriptedUpstream first;
    ScriptedUpstream second;
    first.close_tcp();
    Harness h{loom_module_0, settings_for({&first, &second})};
    auto flight = h.send("example.org. A");
    const auto query = receive(h, first);
    first.send(query, Reply{query.message}.set(tc));

    const auto other = receive(h, second);
    second.send(other, Reply{other.message}.a("192.0.2.2"));
    CHECK(answer_of(h, *flight).answer.at(0) == "example.org. 60 IN A 192.0.2.2");
}

TEST_CASE("forward/tcp: several queries: share a connection, answers in any order") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, over_tcp({&upstream})};
    auto one = h.send("one.example. A");
    auto two = h.send("two.example. A");
    auto peer = accept(h, upstream);
    const auto first = receive(h, peer);
    const auto second = receive(h, peer);
    CHECK_FALSE(upstream.take());

    peer.send(Reply{second}.a("192.0.2.2"));
    CHECK(answer_of(h, *two).answer.at(0) == "two.example. 60 IN A 192.0.2.2");
    peer.send(Reply{first}.a("192.0.2.1"));
    CHECK(answer_of(h, *one).answer.at(0) == "one.example. 60 IN A 192.0.2.1");
    CHECK_FALSE(upstream.accept());
}

TEST_CASE("forward/tcp: a reply that drips in: is put together") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, over_tcp({&upstream})};
    auto flight = h.send("example.org. A");
    auto peer = accept(h, upstream);
    const auto framed = TcpPeer::frame(Reply{receive(h, peer)}.a("192.0.2.1"));

    for (std::size_t i = 0; i < framed.size(); ++i) {
        CHECK(h.result(*flight).pending);
        peer.send_raw({framed[i]});
        h.run_ready();
    }

    CHECK(answer_of(h, *flight).answer.size() == 1);
}

TEST_CASE("forward/tcp: a reply that drips in too slowly: the next upstream") {
    ScriptedUpstream slow;
    ScriptedUpstream second;
    Harness h{loom_module_0, over_tcp({&slow, &second})};
    auto flight = h.send("example.org. A");
    auto peer = accept(h, slow);
    const auto framed = TcpPeer::frame(Reply{receive(h, peer)}.a("192.0.2.1"));
    for (std::size_t i = 0; i < 5; ++i) {
        peer.send_raw({framed[i]});
        h.run_ready();
        h.advance(450ms);
    }

    auto other = accept(h, second);
    other.send(Reply{receive(h, other)}.a("192.0.2.2"));
    CHECK(answer_of(h, *flight).answer.at(0) == "example.org. 60 IN A 192.0.2.2");
}

TEST_CASE("forward/tcp: a connection that was idle: used again, and closed in the end") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, over_tcp({&upstream}, {{"expire", "3s"}})};
    auto one = h.send("one.example. A");
    auto peer = accept(h, upstream);
    peer.send(Reply{receive(h, peer)});
    answer_of(h, *one);

    h.advance(2s);
    auto two = h.send("two.example. A");
    peer.send(Reply{receive(h, peer)});
    answer_of(h, *two);
    CHECK_FALSE(upstream.accept());

    h.advance(2s);
    CHECK(h.watched_descriptor_count() == 1);
    h.advance(2s);
    h.run_ready();
    CHECK(h.watched_descriptor_count() == 0);
}

TEST_CASE("forward/tcp: a pooled connection that the peer closed: a new one, and no failure") {
    for (const bool with_reset : {false, true}) {
        ScriptedUpstream upstream;
        Harness h{loom_module_0, over_tcp({&upstream}, {{"max_fails", 1}})};
        auto one = h.send("one.example. A");
        auto peer = accept(h, upstream);
        peer.send(Reply{receive(h, peer)});
        answer_of(h, *one);

        auto two = h.send("two.example. A");
        h.run_ready();
        if (with_reset)
            peer.reset();
        else
            peer.close();

        auto next = accept(h, upstream);
        next.send(Reply{receive(h, next)}.a("192.0.2.1"));
        CHECK(answer_of(h, *two).answer.size() == 1);
        CHECK(metric(h, "upstream_up", upstream) == 1);
    }
}

TEST_CASE("forward/tcp: a new connection that the peer closes: the next upstream, and a failure") {
    ScriptedUpstream first;
    ScriptedUpstream second;
    Harness h{loom_module_0, over_tcp({&first, &second}, {{"max_fails", 1}})};
    auto flight = h.send("example.org. A");
    auto peer = accept(h, first);
    receive(h, peer);
    // The first query on it was sent before it was known to be open.
    peer.reset();

    auto other = accept(h, second);
    other.send(Reply{receive(h, other)}.a("192.0.2.2"));
    CHECK(answer_of(h, *flight).answer.size() == 1);
    CHECK(metric(h, "upstream_up", first) == 0);
}

TEST_CASE("forward/tcp: nobody listens: the next upstream") {
    ScriptedUpstream first;
    ScriptedUpstream second;
    first.close_tcp();
    Harness h{loom_module_0, over_tcp({&first, &second})};
    auto flight = h.send("example.org. A");

    auto other = accept(h, second);
    other.send(Reply{receive(h, other)}.a("192.0.2.2"));
    CHECK(answer_of(h, *flight).answer.size() == 1);
}

TEST_CASE("forward/tcp: replies that are nonsense: the connection ends, the next upstream") {
    const auto nonsense = [](const Message& query, int kind) -> Message {
        const auto id = u16_at(query, 0);
        switch (kind) {
        case 0:
            return Reply{make_query("other.example", 1, id)};
        case 1:
            return Reply{query}.a("192.0.2.1").cut(40);
        case 2:
            return Reply{query}.set(tc);
        default:
            return {};
        }
    };
    for (int kind = 0; kind < 4; ++kind) {
        CAPTURE(kind);
        ScriptedUpstream first;
        ScriptedUpstream second;
        Harness h{loom_module_0, over_tcp({&first, &second})};
        auto flight = h.send("example.org. A");
        auto peer = accept(h, first);
        peer.send(nonsense(receive(h, peer), kind));

        auto other = accept(h, second);
        other.send(Reply{receive(h, other)}.a("192.0.2.2"));
        CHECK(answer_of(h, *flight).answer.at(0) == "example.org. 60 IN A 192.0.2.2");
        CHECK(ignored(h, "malformed") + ignored(h, "wrong_question") == 1);
    }
}

TEST_CASE("forward/tcp: an unknown id: ignored, the connection goes on") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, over_tcp({&upstream})};
    auto flight = h.send("example.org. A");
    auto peer = accept(h, upstream);
    const auto query = receive(h, peer);
    const auto other = static_cast<std::uint16_t>(u16_at(query, 0) ^ 1U);

    peer.send(Reply{query}.id(other).a("192.0.2.66"));
    peer.send(Reply{query}.a("192.0.2.1"));

    CHECK(answer_of(h, *flight).answer.at(0) == "example.org. 60 IN A 192.0.2.1");
    CHECK(ignored(h, "unknown_id") == 1);
}

TEST_CASE("forward/tcp: FORMERR to a query with OPT: asked once more without, on the connection") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, over_tcp({&upstream})};
    auto flight = h.send("example.org. A");
    auto peer = accept(h, upstream);
    const auto first = receive(h, peer);
    peer.send(Reply{first}.rcode(1));

    const auto second = receive(h, peer);
    CHECK(second.size() == first.size() - 11);
    peer.send(Reply{second}.a("192.0.2.1"));
    CHECK(answer_of(h, *flight).answer.size() == 1);
}
