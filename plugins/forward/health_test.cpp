// SPDX-License-Identifier: Apache-2.0
#include "health.hpp"

#include <doctest/doctest.h>

using loom::forward::Health;
using loom::forward::HealthChange;

TEST_CASE("forward/health: fail: down after max_fails in a row, and said once") {
    Health health{3};

    CHECK(health.fail(4) == HealthChange::none);
    CHECK(health.fail(4) == HealthChange::none);
    CHECK_FALSE(health.is_down(4));
    CHECK(health.fail(4) == HealthChange::down);
    CHECK(health.down() == 1U << 4U);
    CHECK(health.fail(4) == HealthChange::none);
}

TEST_CASE("forward/health: succeed: begins the count anew") {
    Health health{2};

    health.fail(0);
    CHECK(health.succeed(0) == HealthChange::none);
    CHECK(health.fail(0) == HealthChange::none);
    CHECK(health.fail(0) == HealthChange::down);
    CHECK(health.succeed(0) == HealthChange::on_trial);
    CHECK(health.down() == 0);
    CHECK(health.on_trial() == 1);
}

TEST_CASE("forward/health: a trial: ends with a few replies, or with the first failure") {
    Health health{3};
    for (int i = 0; i < 3; ++i) health.fail(1);
    REQUIRE(health.succeed(1) == HealthChange::on_trial);

    CHECK(health.fail(1) == HealthChange::down);
    CHECK(health.on_trial() == 0);
    CHECK(health.succeed(1) == HealthChange::on_trial);
    for (std::uint32_t i = 1; i < Health::trial_replies; ++i)
        CHECK(health.succeed(1) == HealthChange::none);
    CHECK(health.succeed(1) == HealthChange::up);
    CHECK(health.on_trial() == 0);
    CHECK(health.fail(1) == HealthChange::none);
}

TEST_CASE("forward/health: max_fails 0: never down") {
    Health health{0};

    for (int i = 0; i < 10; ++i) CHECK(health.fail(0) == HealthChange::none);

    CHECK(health.down() == 0);
}

TEST_CASE("forward/health: begin_probing: one prober for an upstream that is down") {
    Health health{1};
    CHECK_FALSE(health.begin_probing(0));
    health.fail(0);

    CHECK(health.begin_probing(0));
    CHECK_FALSE(health.begin_probing(0));
    CHECK_FALSE(health.end_probing(0));
    health.succeed(0);
    CHECK(health.end_probing(0));
    health.fail(0);
    CHECK(health.begin_probing(0));
}

TEST_CASE("forward/health: retire: probing ends although the upstream is down") {
    Health health{1};
    health.fail(0);
    health.begin_probing(0);

    health.retire();

    CHECK(health.end_probing(0));
    CHECK_FALSE(health.begin_probing(0));
}
