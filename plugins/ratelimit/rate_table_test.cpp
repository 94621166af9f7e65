// SPDX-License-Identifier: Apache-2.0
#include "rate_table.hpp"

#include <doctest/doctest.h>

namespace {

using loom::ratelimit::Rate;
using loom::ratelimit::RateTable;

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t start = 100 * second;

// How many of so many events at one time are within the limit.
unsigned within(RateTable& table, unsigned events, std::uint64_t now, std::uint64_t key = 7) {
    unsigned count = 0;
    for (unsigned i = 0; i < events; ++i)
        count += table.draw(key, now, Rate::per_second(10)).is_limited ? 0U : 1U;
    return count;
}

}  // namespace

TEST_CASE("plugin/ratelimit/rate_table: draw: a second's worth at once, then as time goes by") {
    RateTable table{1000, 15 * second};

    CHECK(within(table, 10, start) == 10);
    CHECK(within(table, 1, start) == 0);
    CHECK(within(table, 1, start + second / 5) == 1);
    CHECK(within(table, 10, start + 20 * second) == 10);
}

TEST_CASE("plugin/ratelimit/rate_table: draw: a flood is in debt for the window and no longer") {
    RateTable table{1000, 15 * second};
    within(table, 100'000, start);

    CHECK(within(table, 1, start + 15 * second) == 0);
    CHECK(within(table, 1, start + 17 * second) == 1);
}

TEST_CASE("plugin/ratelimit/rate_table: draw: counts those over the limit in a row") {
    RateTable table{1000, 15 * second};
    within(table, 10, start);

    CHECK(table.draw(7, start, Rate::per_second(10)).limited == 1);
    CHECK(table.draw(7, start, Rate::per_second(10)).limited == 2);
    CHECK(table.draw(7, start + 5 * second, Rate::per_second(10)).limited == 0);
    within(table, 100'000, start + 5 * second);
    CHECK(table.draw(7, start + 5 * second, Rate::per_second(10)).limited == 65535);
}

TEST_CASE("plugin/ratelimit/rate_table: draw: keys have accounts of their own") {
    RateTable table{1000, 15 * second};
    within(table, 11, start, std::uint64_t{1} << 32U);

    CHECK(within(table, 10, start, std::uint64_t{2} << 32U) == 10);
}

TEST_CASE("plugin/ratelimit/rate_table: draw: the account with the least debt makes room") {
    RateTable table{4, 15 * second};
    REQUIRE(table.capacity() == 4);
    const auto key = [](std::uint64_t n) { return n << 32U; };
    for (std::uint64_t n = 1; n <= 4; ++n) within(table, n == 3 ? 1 : 10, start, key(n));

    CHECK(table.draw(key(5), start, Rate::per_second(10)).has_evicted);
    CHECK(within(table, 1, start, key(1)) == 0);  // Still known.
    CHECK(within(table, 1, start, key(4)) == 0);
    CHECK_FALSE(table.draw(key(6), start + 60 * second, Rate::per_second(10)).has_evicted);
}
