// SPDX-License-Identifier: Apache-2.0
#include "background_pool.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <thread>

using loom::host::BackgroundPool;

TEST_CASE("host/background_pool: run: works on another thread") {
    BackgroundPool pool;
    std::thread::id ran_on;
    std::latch done{1};
    pool.run([&] {
        ran_on = std::this_thread::get_id();
        done.count_down();
    });
    done.wait();
    CHECK(ran_on != std::this_thread::get_id());
}

TEST_CASE("host/background_pool: run: two works run at the same time") {
    BackgroundPool pool;
    std::latch both{2};
    for (int i = 0; i < 2; ++i) pool.run([&] { both.arrive_and_wait(); });
    both.wait();
}

TEST_CASE("host/background_pool: its end: waits for all work") {
    std::atomic<int> count{0};
    {
        BackgroundPool pool;
        for (int i = 0; i < 50; ++i) pool.run([&] { ++count; });
    }
    CHECK(count == 50);
}
