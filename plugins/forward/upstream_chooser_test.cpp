// SPDX-License-Identifier: Apache-2.0
#include "upstream_chooser.hpp"

#include <doctest/doctest.h>

#include <set>
#include <vector>

using loom::forward::Policy;
using loom::forward::RandomIds;
using loom::forward::UpstreamChooser;

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
