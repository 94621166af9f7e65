// SPDX-License-Identifier: Apache-2.0
#include "inflight_table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

using loom::forward::InflightTable;
using loom::forward::RandomIds;

TEST_CASE("forward/inflight_table: find: gives the owner until the id is erased") {
    InflightTable table{8};

    CHECK(table.insert(7, 42));
    CHECK(table.find(7) == 42U);
    CHECK_FALSE(table.find(8));
    CHECK(table.erase(7));
    CHECK_FALSE(table.find(7));
    CHECK_FALSE(table.erase(7));
    CHECK(table.empty());
}

TEST_CASE("forward/inflight_table: insert: an id that is taken stays its owner's") {
    InflightTable table{8};
    table.insert(7, 1);

    CHECK_FALSE(table.insert(7, 2));
    CHECK(table.find(7) == 1U);
}

TEST_CASE("forward/inflight_table: insert: stops at the limit") {
    InflightTable table{3};
    for (std::uint16_t id = 0; id < 3; ++id) CHECK(table.insert(id, id));

    CHECK(table.full());
    CHECK_FALSE(table.insert(3, 3));
    CHECK(table.find(2) == 2U);
}

TEST_CASE("forward/inflight_table: enter: draws again when an id is taken") {
    // Octets 0 0, 0 0, 1 1: the second draw repeats the first.
    RandomIds ids{[](std::span<std::uint8_t> octets) {
        std::ranges::fill(octets, std::uint8_t{1});
        std::ranges::fill(octets.first(4), std::uint8_t{0});
    }};
    InflightTable table{2};

    CHECK(table.enter(10, ids) == 0);
    CHECK(table.enter(11, ids) == 0x0101);
    CHECK_FALSE(table.enter(12, ids));
}

TEST_CASE("forward/inflight_table: erase: entries that collide are still found") {
    // All have the same home in a table of 16 places, and the last run wraps around the end.
    InflightTable table{8};
    for (std::uint16_t i = 0; i < 6; ++i) table.insert(static_cast<std::uint16_t>(14 + 16 * i), i);

    table.erase(14 + 16);
    table.erase(14 + 48);

    for (const std::uint32_t i : {0U, 2U, 4U, 5U})
        CHECK(table.find(static_cast<std::uint16_t>(14 + 16 * i)) == i);
}

TEST_CASE("forward/inflight_table: a long mix of calls: agrees with a map") {
    RandomIds random;
    InflightTable table{64};
    std::map<std::uint16_t, std::uint32_t> expected;

    for (std::uint32_t step = 0; step < 20000; ++step) {
        const auto id = static_cast<std::uint16_t>(random.below(256) * 3);
        if (random.below(2) == 0) {
            const bool fits = expected.size() < 64 && !expected.contains(id);
            REQUIRE(table.insert(id, step) == fits);
            if (fits) expected.emplace(id, step);
        } else {
            REQUIRE(table.erase(id) == (expected.erase(id) == 1));
        }
        REQUIRE(table.size() == expected.size());
    }

    for (const auto& [id, owner] : expected) CHECK(table.find(id) == owner);
    CHECK(table.owners().size() == expected.size());
}
