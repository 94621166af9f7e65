// SPDX-License-Identifier: Apache-2.0
#include "threads.hpp"

#include <doctest/doctest.h>

#include <latch>
#include <thread>

#include <pthread.h>
#include <unistd.h>

using namespace loom::host;

TEST_CASE("plugin/threads: running_threads: has this thread, and another as long as it runs") {
    std::latch known{1};
    std::latch end{1};
    pid_t number = 0;
    std::thread thread{[&] {
        ::pthread_setname_np(::pthread_self(), "a) (name");
        number = ::gettid();
        known.count_down();
        end.wait();
    }};
    known.wait();

    const auto during = running_threads();
    CHECK(during.contains(::gettid()));
    CHECK(during.contains(number));
    CHECK(thread_name(number) == "a) (name");

    end.count_down();
    thread.join();
    CHECK_FALSE(running_threads().contains(number));
}

TEST_CASE("plugin/threads: running_threads: never has one that was joined") {
    for (int i = 0; i < 200; ++i) {
        pid_t number = 0;
        std::thread{[&] { number = ::gettid(); }}.join();
        REQUIRE_FALSE(running_threads().contains(number));
    }
}
