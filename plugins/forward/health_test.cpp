// SPDX-License-Identifier: Apache-2.0
#include "health.hpp"

#include <doctest/doctest.h>

using loom::forward::Health;

TEST_CASE("forward/health: fail: down after max_fails in a row, and said once") {
    Health health{3};

    CHECK_FALSE(health.fail(4));
    CHECK_FALSE(health.fail(4));
    CHECK_FALSE(health.is_down(4));
    CHECK(health.fail(4));
    CHECK(health.down() == 1U << 4U);
    CHECK_FALSE(health.fail(4));
}

TEST_CASE("forward/health: succeed: begins the count anew") {
    Health health{2};

    health.fail(0);
    CHECK_FALSE(health.succeed(0));
    CHECK_FALSE(health.fail(0));
    CHECK(health.fail(0));
    CHECK(health.succeed(0));
    CHECK(health.down() == 0);
    CHECK_FALSE(health.succeed(0));
}

TEST_CASE("forward/health: max_fails 0: never down") {
    Health health{0};

    for (int i = 0; i < 10; ++i) CHECK_FALSE(health.fail(0));

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
