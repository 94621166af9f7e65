// SPDX-License-Identifier: Apache-2.0
#include "upstream_chooser.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <set>
#include <vector>

using loom::forward::Policy;
using loom::forward::RandomIds;
using loom::forward::UpstreamChooser;
using namespace std::chrono_literals;

TEST_CASE("forward/upstream_chooser: sequential: the first that is up and was not tried") {
    RandomIds ids;
    UpstreamChooser chooser{Policy::sequential, 3, ids};

    CHECK(chooser.next(0b000, 0b000).upstream == 0);
    CHECK(chooser.next(0b001, 0b000).upstream == 1);
    CHECK(chooser.next(0b001, 0b010).upstream == 2);
    CHECK(chooser.next(0b101, 0b010).upstream == 0);
}

TEST_CASE("forward/upstream_chooser: round robin: each in its turn, without those down") {
    RandomIds ids;
    UpstreamChooser chooser{Policy::round_robin, 3, ids};

    std::vector<std::size_t> order;
    for (int i = 0; i < 6; ++i) order.push_back(chooser.next(0, 0).upstream);
    CHECK(order == std::vector<std::size_t>{0, 1, 2, 0, 1, 2});
    CHECK(chooser.next(0, 0b001).upstream == 1);
    CHECK(chooser.next(0, 0b001).upstream == 2);
    CHECK(chooser.next(0, 0b001).upstream == 1);
}

TEST_CASE("forward/upstream_chooser: random: all that are up, in the long run") {
    RandomIds ids;
    UpstreamChooser chooser{Policy::random, 15, ids};

    std::set<std::size_t> seen;
    for (int i = 0; i < 2000; ++i) seen.insert(chooser.next(0, 0b10).upstream);

    CHECK(seen.size() == 14);
    CHECK_FALSE(seen.contains(1));
}

TEST_CASE("forward/upstream_chooser: on trial: gets a small share, or all if it is alone") {
    RandomIds ids;
    for (const auto policy : {Policy::sequential, Policy::random, Policy::least_latency}) {
        UpstreamChooser chooser{policy, 2, ids};
        int asked = 0;
        for (int i = 0; i < 80; ++i) asked += chooser.next(0, 0, 0b01).upstream == 0 ? 1 : 0;
        CHECK(asked == 80 / UpstreamChooser::trial_share);
        // A query that it had already goes elsewhere.
        for (int i = 0; i < 20; ++i) CHECK(chooser.next(0b01, 0, 0b01).upstream == 1);
        for (int i = 0; i < 20; ++i) CHECK(chooser.next(0, 0b10, 0b01).upstream == 0);
    }
}

TEST_CASE("forward/upstream_chooser: least latency: the fastest, and another now and then") {
    RandomIds ids;
    UpstreamChooser chooser{Policy::least_latency, 3, ids};
    chooser.note_reply(0, 30ms);
    chooser.note_reply(1, 10ms);
    chooser.note_reply(2, 20ms);

    std::array<int, 3> asked{};
    for (int i = 0; i < 3000; ++i) ++asked[chooser.next(0, 0).upstream];
    CHECK(asked[1] > 2850);
    CHECK(asked[0] > 0);
    CHECK(asked[2] > 0);
    CHECK(chooser.next(0b010, 0b001).upstream == 2);
}

TEST_CASE("forward/upstream_chooser: least latency: what is not known is asked first") {
    RandomIds ids;
    UpstreamChooser chooser{Policy::least_latency, 2, ids};
    chooser.note_reply(0, 1ms);

    int asked = 0;
    for (int i = 0; i < 100; ++i) asked += chooser.next(0, 0).upstream == 1 ? 1 : 0;
    CHECK(asked > 80);
}

TEST_CASE("forward/upstream_chooser: least latency: follows what changes, and losses") {
    RandomIds ids;
    UpstreamChooser chooser{Policy::least_latency, 2, ids};
    const auto share_of_first = [&] {
        int asked = 0;
        for (int i = 0; i < 1000; ++i) asked += chooser.next(0, 0).upstream == 0 ? 1 : 0;
        return asked;
    };
    chooser.note_reply(0, 10ms);
    chooser.note_reply(1, 20ms);
    CHECK(share_of_first() > 900);

    for (int i = 0; i < 20; ++i) chooser.note_reply(0, 40ms);
    CHECK(share_of_first() < 100);
    for (int i = 0; i < 40; ++i) chooser.note_reply(0, 10ms);
    CHECK(share_of_first() > 900);
    chooser.note_loss(0, 100ms);
    CHECK(share_of_first() < 100);
}

TEST_CASE("forward/upstream_chooser: all down: any, and it says so") {
    RandomIds ids;
    UpstreamChooser chooser{Policy::sequential, 2, ids};

    std::set<std::size_t> seen;
    for (int i = 0; i < 200; ++i) {
        const auto choice = chooser.next(0, 0b11);
        CHECK(choice.all_down);
        seen.insert(choice.upstream);
    }

    CHECK(seen.size() == 2);
    CHECK(chooser.next(0b01, 0b11).upstream == 1);
    CHECK_FALSE(chooser.next(0, 0b01).all_down);
}
