// SPDX-License-Identifier: Apache-2.0
#include "random_ids.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using loom::forward::RandomIds;

TEST_CASE("forward/random_ids: many ids: hardly repeat and fill the range") {
    RandomIds ids;

    std::set<std::uint16_t> seen;
    for (int i = 0; i < 8000; ++i) seen.insert(ids.id());

    // 8000 draws of 65536 give 7529 different ones on average, with a deviation of about 20.
    CHECK(seen.size() > 7300);
    CHECK(*seen.begin() < 1000);
    CHECK(*seen.rbegin() > 64000);
}

TEST_CASE("forward/random_ids: two generators: differ") {
    RandomIds one;
    RandomIds other;

    int same = 0;
    for (int i = 0; i < 100; ++i) same += one.id() == other.id() ? 1 : 0;

    CHECK(same < 5);
}

TEST_CASE("forward/random_ids: the buffer is used up: it is filled again") {
    static int fills = 0;
    fills = 0;
    RandomIds ids{[](std::span<std::uint8_t> octets) {
        std::ranges::fill(octets, static_cast<std::uint8_t>(++fills));
    }};

    for (int i = 0; i < 2048; ++i) CHECK(ids.id() == 0x0101);

    CHECK(ids.id() == 0x0202);
}

TEST_CASE("forward/random_ids: below: every value and no other") {
    RandomIds ids;

    std::set<std::uint32_t> seen;
    for (int i = 0; i < 1000; ++i) seen.insert(ids.below(16));

    CHECK(seen.size() == 16);
    CHECK(*seen.rbegin() == 15);
}
