// SPDX-License-Identifier: Apache-2.0
#include "deadline_wheel.hpp"
#include "random_ids.hpp"

#include <doctest/doctest.h>

#include <map>

using loom::forward::DeadlineWheel;

namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t start = 1'000'000 * ms;

}  // namespace

TEST_CASE("forward/deadline_wheel: pop_due: not early, and at most a tick late") {
    DeadlineWheel wheel;
    const auto at = wheel.insert(5, start + 100 * ms, start);

    CHECK(at >= start + 100 * ms);
    CHECK(at < start + 100 * ms + DeadlineWheel::tick_ns);
    CHECK(wheel.next_ns() == at);
    CHECK_FALSE(wheel.pop_due(at - 1));
    CHECK(wheel.pop_due(at) == 5U);
    CHECK_FALSE(wheel.pop_due(at));
    CHECK_FALSE(wheel.next_ns());
}

TEST_CASE("forward/deadline_wheel: erase: takes one of many out") {
    DeadlineWheel wheel;
    for (std::uint32_t i = 0; i < 3; ++i) wheel.insert(i, start + 50 * ms, start);

    wheel.erase(1);
    wheel.erase(1);
    wheel.erase(77);

    const auto first = wheel.pop_due(start + 70 * ms);
    const auto second = wheel.pop_due(start + 70 * ms);
    REQUIRE(first);
    REQUIRE(second);
    CHECK(*first + *second == 2);
    CHECK_FALSE(wheel.pop_due(start + 70 * ms));
}

TEST_CASE("forward/deadline_wheel: insert: a deadline in the past passes with the next tick") {
    DeadlineWheel wheel;
    wheel.insert(1, start - 500 * ms, start);

    CHECK(wheel.pop_due(start + DeadlineWheel::tick_ns) == 1U);
}

TEST_CASE("forward/deadline_wheel: a deadline beyond one turn: passes in its own turn") {
    DeadlineWheel wheel;
    const auto turn = 4096 * DeadlineWheel::tick_ns;
    wheel.insert(1, start + turn + 100 * ms, start);

    CHECK_FALSE(wheel.pop_due(start + 120 * ms));
    CHECK_FALSE(wheel.pop_due(start + turn));
    CHECK(wheel.pop_due(start + turn + 120 * ms) == 1U);
}

TEST_CASE("forward/deadline_wheel: a long mix of calls: agrees with a map") {
    loom::forward::RandomIds random;
    DeadlineWheel wheel;
    std::map<std::uint32_t, std::uint64_t> expected;
    auto now = start;

    for (int step = 0; step < 20000; ++step) {
        const auto index = random.below(100);
        if (!expected.contains(index)) {
            expected[index] = now + random.below(3000) * ms;
            wheel.insert(index, expected[index], now);
        } else if (random.below(3) == 0) {
            wheel.erase(index);
            expected.erase(index);
        }
        now += random.below(20) * ms;
        while (const auto due = wheel.pop_due(now)) {
            REQUIRE(expected.contains(*due));
            REQUIRE(expected[*due] <= now);
            expected.erase(*due);
        }
        for (const auto& [left, due_ns] : expected) REQUIRE(due_ns + DeadlineWheel::tick_ns > now);
        REQUIRE(wheel.next_ns().has_value() == !expected.empty());
        if (!expected.empty()) REQUIRE(*wheel.next_ns() > now);
    }
}
