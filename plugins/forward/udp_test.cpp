// SPDX-License-Identifier: Apache-2.0
// What goes out over UDP, and what is taken for a reply.
#include "forward_bench.hpp"

#include <set>

using namespace loom::forward::test;
using namespace std::chrono_literals;

TEST_CASE("forward/udp: a question: goes out as asked and comes back answered") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream})};

    auto flight = h.send("www.Example.org. A");
    const auto query = receive(h, upstream);
    upstream.send(query, Reply{query.message}.a("192.0.2.1", 77).opt());
    const auto answer = answer_of(h, *flight);

    CHECK(question_of(query.message) == question_of(make_query("www.Example.org")));
    CHECK(u16_at(query.message, 2) == 0x0100);  // RD alone.
    CHECK(answer.answer == std::vector<std::string>{"www.Example.org. 77 IN A 192.0.2.1"});
    CHECK(answer.additional.empty());
    CHECK(answer.rcode == 0);
    CHECK(answer.wire_form);
    CHECK(answer.meta.at("forward/upstream") == upstream.endpoint());
    CHECK(metric(h, "requests_total", upstream) == 1);
    CHECK(
        h.metric(
            "dnsloom_forward_responses_total",
            {{"to", upstream.endpoint()}, {"rcode", "NOERROR"}}) == 1);
    CHECK(
        h.histogram("dnsloom_forward_request_duration_seconds", {{"to", upstream.endpoint()}})
            .count == 1);
}

TEST_CASE("forward/udp: the query: flags as the client's, and an OPT record of 1232 octets") {
    struct Row {
        Question question;
        std::uint16_t flags;
        std::uint16_t opt_flags;
    };
    const Row rows[] = {
        {Question{"a.example. A"}.recursion_desired(false), 0x0000, 0x0000},
        {Question{"a.example. A"}.checking_disabled(), 0x0110, 0x0000},
        {Question{"a.example. A"}.authentic_data(), 0x0120, 0x0000},
        {Question{"a.example. A"}.dnssec(), 0x0100, 0x8000},
        {Question{"a.example. A"}.edns(4096).option(8, Message{0, 1, 24, 0, 192, 0, 2}), 0x0100, 0},
    };
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream}, {{"cookies", false}})};

    for (const auto& row : rows) {
        auto flight = h.send(row.question);
        const auto query = receive(h, upstream).message;
        const auto opt = 12 + question_of(query).size();

        CHECK(u16_at(query, 2) == row.flags);
        REQUIRE(query.size() == opt + 11);
        CHECK(u16_at(query, opt + 3) == 1232);
        CHECK(u16_at(query, opt + 7) == row.opt_flags);
        CHECK(u16_at(query, opt + 9) == 0);
    }
}

TEST_CASE("forward/udp: many questions: ids and ports differ from one to the next") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream})};

    std::set<std::uint16_t> ids;
    std::set<std::uint16_t> ports;
    for (int i = 0; i < 100; ++i) {
        auto flight = h.send("example.org. A");
        const auto query = receive(h, upstream);
        ids.insert(u16_at(query.message, 0));
        ports.insert(query.from.sin_port);
        upstream.send(query, Reply{query.message});
        answer_of(h, *flight);
    }

    CHECK(ids.size() > 95);
    CHECK(ports.size() > 8);
}

TEST_CASE("forward/udp: sockets: are replaced by such with other ports in time") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream})};

    std::set<std::uint16_t> ports;
    for (int i = 0; i < 60; ++i) {
        auto flight = h.send("example.org. A");
        const auto query = receive(h, upstream);
        ports.insert(query.from.sin_port);
        upstream.send(query, Reply{query.message});
        answer_of(h, *flight);
        h.advance(11s);
    }

    CHECK(ports.size() > 40);
    CHECK(h.watched_descriptor_count() <= 17);
}

TEST_CASE("forward/udp: one batch of questions: each gets its own answer, in any order") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream})};

    std::vector<std::shared_ptr<Flight>> flights;
    for (int i = 0; i < 150; ++i)
        flights.push_back(h.send("host" + std::to_string(i) + ".example. A"));
    std::vector<Datagram> queries;
    for (int i = 0; i < 150; ++i) queries.push_back(receive(h, upstream));
    for (auto query = queries.rbegin(); query != queries.rend(); ++query)
        upstream.send(*query, Reply{query->message}.a("192.0.2.1"));

    for (int i = 0; i < 150; ++i) {
        const auto expected = "host" + std::to_string(i) + ".example. 60 IN A 192.0.2.1";
        CHECK(answer_of(h, *flights[static_cast<std::size_t>(i)]).answer.at(0) == expected);
    }
    CHECK(h.suspended_count() == 0);
}

TEST_CASE("forward/udp: replies that are not the one: ignored, and the true one is taken") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream})};
    auto flight = h.send("www.example.org. A");
    const auto query = receive(h, upstream);
    const auto& message = query.message;
    const auto id = u16_at(message, 0);

    upstream.send(query, Reply{message}.id(static_cast<std::uint16_t>(id + 1)).a("192.0.2.66"));
    upstream.send(query, Reply{make_query("www.example.net", 1, id)}.a("192.0.2.66"));
    upstream.send(query, Reply{make_query("www.example.org", 2, id)}.a("192.0.2.66"));
    upstream.send(query, message);
    upstream.send(query, Reply{message}.a("192.0.2.66").cut(45));
    upstream.send(query, Reply{message}.opt().opt());
    upstream.send(query, Message{1, 2, 3});
    REQUIRE(h.run_until([&] {
        return ignored(h, "unknown_id") + ignored(h, "wrong_question") + ignored(h, "malformed") ==
               7;
    }));
    CHECK(ignored(h, "unknown_id") == 1);
    CHECK(ignored(h, "wrong_question") == 3);
    CHECK(ignored(h, "malformed") == 3);
    CHECK(h.result(*flight).pending);

    upstream.send(query, Reply{message}.a("192.0.2.1"));
    CHECK(answer_of(h, *flight).answer.at(0) == "www.example.org. 60 IN A 192.0.2.1");
}

TEST_CASE("forward/udp: a second reply: ignored") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream})};
    auto flight = h.send("www.example.org. A");
    const auto query = receive(h, upstream);

    upstream.send(query, Reply{query.message}.a("192.0.2.1"));
    upstream.send(query, Reply{query.message}.a("192.0.2.66"));

    CHECK(answer_of(h, *flight).answer.at(0) == "www.example.org. 60 IN A 192.0.2.1");
    CHECK(h.run_until([&] { return ignored(h, "unknown_id") == 1; }));
}

TEST_CASE("forward/udp: a client that gives up: its slot is free and the late reply ignored") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream}, {{"max_concurrent", 1}})};
    auto flight = h.send(Question{"www.example.org. A"}.deadline(5ms));
    const auto query = receive(h, upstream);

    h.advance(1s);
    CHECK(h.result(*flight).rcode == 2);
    upstream.send(query, Reply{query.message}.a("192.0.2.1"));
    CHECK(h.run_until([&] { return ignored(h, "unknown_id") == 1; }));

    auto next = h.send("www.example.org. A");
    const auto again = receive(h, upstream);
    upstream.send(again, Reply{again.message}.a("192.0.2.1"));
    CHECK(answer_of(h, *next).answer.size() == 1);
}

TEST_CASE("forward/udp: a client that used TCP: UDP unless prefer_udp is off") {
    ScriptedUpstream upstream;

    Harness preferring{loom_module_0, settings_for({&upstream})};
    auto flight = preferring.send(Question{"example.org. A"}.tcp());
    receive(preferring, upstream);

    Harness following{loom_module_0, settings_for({&upstream}, {{"prefer_udp", false}})};
    auto over_tcp = following.send(Question{"example.org. A"}.tcp());
    accept(following, upstream);
    auto over_udp = following.send("example.org. A");
    receive(following, upstream);
}
