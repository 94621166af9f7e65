// SPDX-License-Identifier: Apache-2.0
#include "hedging.hpp"

#include <doctest/doctest.h>

using namespace loom::forward;
using namespace std::chrono_literals;

TEST_CASE("forward/hedging: p95: nothing at first, then of the latest replies") {
    LatencyWindow window;
    for (std::size_t i = 1; i < LatencyWindow::samples_min; ++i) {
        window.note(10ms);
        CHECK_FALSE(window.p95());
    }
    window.note(10ms);
    CHECK(window.p95() == 10ms);

    for (int i = 1; i <= 64; ++i) window.note(std::chrono::milliseconds{i});
    CHECK(window.p95() == 60ms);
    for (int i = 0; i < 64; ++i) window.note(3ms);
    CHECK(window.p95() == 3ms);
}

TEST_CASE("forward/hedging: the budget: so many of a hundred, few of them in a row") {
    HedgeBudget budget{5};
    CHECK(budget.is_on());
    CHECK_FALSE(budget.spend());

    int spent = 0;
    for (int i = 0; i < 1000; ++i) {
        budget.earn();
        spent += budget.spend() ? 1 : 0;
    }
    CHECK(spent == 50);

    for (int i = 0; i < 10'000; ++i) budget.earn();
    spent = 0;
    while (budget.spend()) ++spent;
    CHECK(spent == 10);
    CHECK_FALSE(HedgeBudget{0}.is_on());
}
