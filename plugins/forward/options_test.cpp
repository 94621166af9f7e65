// SPDX-License-Identifier: Apache-2.0
#include "forward_bench.hpp"

#include <map>

using namespace loom::forward::test;

TEST_CASE("forward/options: what cannot be: refused") {
    List sixteen;
    for (int i = 1; i <= 16; ++i) sixteen.emplace_back("192.0.2." + std::to_string(i));
    const Table refused[] = {
        {},
        {{"to", List{}}},
        {{"to", sixteen}},
        {{"to", "example.org"}},
        {{"to", List{"192.0.2.1", "192.0.2.1:53"}}},
        {{"to", "192.0.2.1"}, {"policy", "best"}},
        {{"to", "192.0.2.1"}, {"read_timeout", "0"}},
        {{"to", "192.0.2.1"}, {"max_fails", -1}},
        {{"to", "192.0.2.1"}, {"max_concurrent", -1}},
    };
    for (const auto& settings : refused)
        CHECK_FALSE(Harness::refusal(loom_module_0, settings).empty());
}

TEST_CASE("forward/options: source_address: is what queries come from, over UDP and TCP") {
    ScriptedUpstream upstream;
    Harness h{loom_module_0, settings_for({&upstream}, {{"source_address", "127.0.0.9"}})};
    auto flight = h.send("example.org. A");
    const auto query = receive(h, upstream);
    CHECK(query.from.sin_addr.s_addr == htonl(0x7F000009));

    upstream.send(query, Reply{query.message}.set(0x0200));
    const auto peer = accept(h, upstream);
    CHECK(peer.address().sin_addr.s_addr == htonl(0x7F000009));
}

TEST_CASE("forward/options: source_address: what cannot be is refused") {
    const auto refusal = [](List addresses) {
        return Harness::refusal(
            loom_module_0, {{"to", "192.0.2.1"}, {"source_address", std::move(addresses)}});
    };
    CHECK(refusal({"127.0.0.1:53"}).find("has no port") != std::string::npos);
    CHECK(refusal({"127.0.0.1", "127.0.0.2"}).find("remove one") != std::string::npos);
    CHECK(refusal({"192.0.2.77"}).find("an address of this machine") != std::string::npos);
    CHECK(refusal({"127.0.0.1"}).empty());
}

TEST_CASE("forward/options: to: port 53 by default, IPv6 too") {
    Harness h{loom_module_0, {{"to", List{"192.0.2.1", "2001:db8::1", "[2001:db8::2]:5353"}}}};

    CHECK(h.has_metric("dnsloom_forward_requests_total", {{"to", "192.0.2.1:53"}}));
    CHECK(h.has_metric("dnsloom_forward_requests_total", {{"to", "[2001:db8::1]:53"}}));
    CHECK(h.has_metric("dnsloom_forward_requests_total", {{"to", "[2001:db8::2]:5353"}}));
}

TEST_CASE("forward/options: an instance without queries: opens and arms nothing") {
    Harness h{loom_module_0, {{"to", "192.0.2.1"}}};

    CHECK(h.watched_descriptor_count() == 0);
    CHECK(h.timer_count() == 0);
}

TEST_CASE("forward/options: except: names in it and below are the next plugin's") {
    ScriptedUpstream upstream;
    Harness h{
        loom_module_0,
        settings_for({&upstream}, {{"except", List{"corp.example", "host.example.net"}}})};

    for (const char* name : {"corp.example.", "a.b.Corp.Example.", "host.example.net."})
        CHECK(h.ask(name).verdict == LOOM_NEXT);
    for (const char* name : {"example.", "notcorp.example.", "example.net.", "."})
        CHECK(h.ask(name).pending);
}

TEST_CASE("forward/options: except: the root covers all") {
    Harness h{loom_module_0, {{"to", "192.0.2.1"}, {"except", "."}}};

    CHECK(h.ask("example.org.").verdict == LOOM_NEXT);
    CHECK(h.ask(".").verdict == LOOM_NEXT);
}

TEST_CASE("forward/options: policy round_robin: all in turn; random: all") {
    for (const char* policy : {"round_robin", "random"}) {
        ScriptedUpstream one;
        ScriptedUpstream two;
        Harness h{loom_module_0, settings_for({&one, &two}, {{"policy", policy}})};
        std::map<const ScriptedUpstream*, int> asked;
        std::vector<std::shared_ptr<Flight>> flights;
        for (int i = 0; i < 60; ++i) flights.push_back(h.send("example.org. A"));
        h.run_ready();
        while (one.take()) ++asked[&one];
        while (two.take()) ++asked[&two];

        CHECK(asked[&one] + asked[&two] == 60);
        if (std::string_view{policy} == "round_robin") CHECK(asked[&one] == 30);
        // The chance that this fails for chance is below one in 10^9.
        CHECK(asked[&one] > 7);
        CHECK(asked[&two] > 7);
    }
}

TEST_CASE("forward/options: opcodes and transfers that are no questions: NOTIMP") {
    Harness h{loom_module_0, {{"to", "192.0.2.1"}}};

    CHECK(h.ask(Question{"example.org. SOA"}.opcode(4)).rcode == 4);
    CHECK(h.ask(Question{"example.org. AXFR"}.tcp()).rcode == 4);
}
