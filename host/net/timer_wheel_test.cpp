// SPDX-License-Identifier: Apache-2.0
#include "timer_wheel.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>

using loom::host::TimerWheel;

namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t second = 1'000 * ms;
// Two ticks: the one that has begun, and the one after the timer's time.
constexpr std::uint64_t late_max = 9 * ms;
constexpr std::uint64_t start = 1'000'003 * second;

void run(void* function) { (*static_cast<std::function<void()>*>(function))(); }

}  // namespace

TEST_CASE("host/timer_wheel: advance: never fires early, and soon after the time") {
    for (const std::uint64_t delay :
         {0 * ms, 1 * ms, 5 * ms, 100 * ms, 3 * second, 4'294 * ms, 5 * second, 3'600 * second}) {
        TimerWheel wheel{start};
        std::uint64_t now = start;
        std::uint64_t fired_at = 0;
        std::function<void()> fn = [&] { fired_at = now; };
        REQUIRE(wheel.add(start + delay, run, &fn, nullptr) != 0);
        while (fired_at == 0 && now < start + delay + second) {
            now += ms;
            wheel.advance(now);
        }
        CHECK(fired_at >= start + delay);
        CHECK(fired_at <= start + delay + late_max);
        CHECK(wheel.size() == 0);
    }
}

TEST_CASE("host/timer_wheel: advance: fires once") {
    TimerWheel wheel{start};
    int count = 0;
    std::function<void()> fn = [&] { ++count; };
    wheel.add(start + ms, run, &fn, nullptr);
    for (std::uint64_t now = start; now < start + 10 * second; now += 3 * ms) wheel.advance(now);
    CHECK(count == 1);
}

TEST_CASE("host/timer_wheel: advance: fires in the order of time") {
    TimerWheel wheel{start};
    std::string order;
    std::function<void()> a = [&] { order += 'a'; };
    std::function<void()> b = [&] { order += 'b'; };
    std::function<void()> c = [&] { order += 'c'; };
    wheel.add(start + 300 * ms, run, &c, nullptr);
    wheel.add(start + 100 * ms, run, &a, nullptr);
    wheel.add(start + 200 * ms, run, &b, nullptr);
    wheel.advance(start + second);
    CHECK(order == "abc");
}

TEST_CASE("host/timer_wheel: advance: after a jump of many rounds too, first added first") {
    TimerWheel wheel{start};
    std::string order;
    std::function<void()> a = [&] { order += 'a'; };
    std::function<void()> b = [&] { order += 'b'; };
    std::function<void()> c = [&] { order += 'c'; };
    std::function<void()> d = [&] { order += 'd'; };
    // A round is 1024 ticks of 2^22 ns: `d` stands in a slot before that of `a`.
    constexpr std::uint64_t tick = std::uint64_t{1} << 22U;
    wheel.add(start + 1030 * tick, run, &d, nullptr);
    wheel.add(start + 900 * tick, run, &b, nullptr);
    wheel.add(start + 900 * tick, run, &c, nullptr);
    wheel.add(start + 20 * tick, run, &a, nullptr);
    wheel.advance(start + 3600 * second);
    CHECK(order == "abcd");
    CHECK(wheel.size() == 0);
}

TEST_CASE("host/timer_wheel: advance: after a jump fires once what adds itself again in the past") {
    TimerWheel wheel{start};
    int count = 0;
    std::function<void()> again = [&] {
        ++count;
        wheel.add(start, run, &again, nullptr);
    };
    wheel.add(start, run, &again, nullptr);
    wheel.advance(start + 3600 * second);
    CHECK(count == 1);
    wheel.advance(start + 3601 * second);
    CHECK(count > 1);
}

TEST_CASE("host/timer_wheel: cancel: inside a fired function after a jump ends a later one") {
    TimerWheel wheel{start};
    bool fired = false;
    TimerWheel::Id later = 0;
    std::function<void()> first = [&] { CHECK(wheel.cancel(later)); };
    std::function<void()> fn = [&] { fired = true; };
    later = wheel.add(start + 20 * second, run, &fn, nullptr);
    wheel.add(start + second, run, &first, nullptr);
    wheel.advance(start + 3600 * second);
    CHECK_FALSE(fired);
}

TEST_CASE("host/timer_wheel: advance: of equal times the first added fires first") {
    TimerWheel wheel{start};
    std::string order;
    std::function<void()> a = [&] { order += 'a'; };
    std::function<void()> b = [&] { order += 'b'; };
    wheel.add(start + 100 * ms, run, &a, nullptr);
    wheel.add(start + 100 * ms, run, &b, nullptr);
    wheel.advance(start + second);
    CHECK(order == "ab");
}

TEST_CASE("host/timer_wheel: advance: a time in the past fires with the next tick") {
    TimerWheel wheel{start};
    int count = 0;
    std::function<void()> fn = [&] { ++count; };
    wheel.add(0, run, &fn, nullptr);
    wheel.advance(start + late_max);
    CHECK(count == 1);
}

TEST_CASE("host/timer_wheel: advance: a jump of days fires all that is due and nothing else") {
    TimerWheel wheel{start};
    int due = 0;
    int early = 0;
    std::function<void()> is_due = [&] { ++due; };
    std::function<void()> is_early = [&] { ++early; };
    for (std::uint64_t i = 0; i < 3000; ++i)
        wheel.add(start + i * 7 * second, run, &is_due, nullptr);
    for (std::uint64_t i = 0; i < 3000; ++i)
        wheel.add(start + (86'400 + i * 7) * second, run, &is_early, nullptr);
    wheel.advance(start + 86'399 * second);
    CHECK(due == 3000);
    CHECK(early == 0);
    CHECK(wheel.size() == 3000);
}

TEST_CASE("host/timer_wheel: advance: a clock that steps back fires nothing") {
    TimerWheel wheel{start};
    int count = 0;
    std::function<void()> fn = [&] { ++count; };
    wheel.add(start + second, run, &fn, nullptr);
    wheel.advance(start + 500 * ms);
    wheel.advance(start - 500 * second);
    CHECK(count == 0);
    wheel.advance(start + 2 * second);
    CHECK(count == 1);
}

TEST_CASE("host/timer_wheel: advance: the furthest time never fires") {
    TimerWheel wheel{start};
    int count = 0;
    std::function<void()> fn = [&] { ++count; };
    wheel.add(UINT64_MAX, run, &fn, nullptr);
    wheel.advance(start + 1'000'000 * second);
    CHECK(count == 0);
    CHECK(wheel.size() == 1);
}

TEST_CASE("host/timer_wheel: cancel: ends a timer, once") {
    TimerWheel wheel{start};
    int count = 0;
    std::function<void()> fn = [&] { ++count; };
    const auto id = wheel.add(start + 10 * ms, run, &fn, nullptr);
    CHECK(wheel.cancel(id));
    CHECK_FALSE(wheel.cancel(id));
    wheel.advance(start + second);
    CHECK(count == 0);
    CHECK(wheel.size() == 0);
}

TEST_CASE("host/timer_wheel: cancel: is false for what has fired and for what never was") {
    TimerWheel wheel{start};
    std::function<void()> fn = [] {};
    const auto id = wheel.add(start, run, &fn, nullptr);
    wheel.advance(start + second);
    CHECK_FALSE(wheel.cancel(id));
    CHECK_FALSE(wheel.cancel(0));
    CHECK_FALSE(wheel.cancel(~std::uint64_t{0}));
}

TEST_CASE("host/timer_wheel: cancel: an old id does not end the timer in its place") {
    TimerWheel wheel{start};
    int count = 0;
    std::function<void()> fn = [&] { ++count; };
    const auto old = wheel.add(start + 10 * ms, run, &fn, nullptr);
    wheel.cancel(old);
    wheel.add(start + 10 * ms, run, &fn, nullptr);
    CHECK_FALSE(wheel.cancel(old));
    wheel.advance(start + second);
    CHECK(count == 1);
}

TEST_CASE("host/timer_wheel: cancel: inside a fired function ends a timer of the same tick") {
    TimerWheel wheel{start};
    bool second_fired = false;
    TimerWheel::Id other = 0;
    std::function<void()> first = [&] { CHECK(wheel.cancel(other)); };
    std::function<void()> fn = [&] { second_fired = true; };
    wheel.add(start + 10 * ms, run, &first, nullptr);
    other = wheel.add(start + 10 * ms, run, &fn, nullptr);
    wheel.advance(start + second);
    CHECK_FALSE(second_fired);
    CHECK(wheel.size() == 0);
}

TEST_CASE("host/timer_wheel: cancel: of the running function itself is false") {
    TimerWheel wheel{start};
    TimerWheel::Id own = 0;
    bool ended = true;
    std::function<void()> fn = [&] { ended = wheel.cancel(own); };
    own = wheel.add(start, run, &fn, nullptr);
    wheel.advance(start + second);
    CHECK_FALSE(ended);
}

TEST_CASE("host/timer_wheel: add: inside a fired function waits for its own time") {
    TimerWheel wheel{start};
    int count = 0;
    std::uint64_t now = start;
    std::function<void()> again = [&] {
        ++count;
        wheel.add(now + second, run, &again, nullptr);
    };
    wheel.add(start, run, &again, nullptr);
    now = start + late_max;
    wheel.advance(now);
    CHECK(count == 1);
    now += 900 * ms;
    wheel.advance(now);
    CHECK(count == 1);
    now += 200 * ms;
    wheel.advance(now);
    CHECK(count == 2);
}

TEST_CASE("host/timer_wheel: add: many timers inside fired functions are safe") {
    TimerWheel wheel{start};
    int count = 0;
    std::function<void()> leaf = [&] { ++count; };
    std::function<void()> grow = [&] {
        for (int i = 0; i < 100; ++i) wheel.add(start + second, run, &leaf, nullptr);
    };
    for (int i = 0; i < 10; ++i) wheel.add(start + 10 * ms, run, &grow, nullptr);
    wheel.advance(start + 100 * ms);
    wheel.advance(start + 2 * second);
    CHECK(count == 1000);
}

TEST_CASE("host/timer_wheel: cancel_owner: ends the owner's timers and no others") {
    TimerWheel wheel{start};
    int count = 0;
    std::function<void()> fn = [&] { ++count; };
    const int owner = 0;
    for (int i = 0; i < 5; ++i) wheel.add(start + 10 * ms, run, &fn, &owner);
    wheel.add(start + 10 * ms, run, &fn, nullptr);
    wheel.cancel_owner(&owner);
    CHECK(wheel.size() == 1);
    wheel.advance(start + second);
    CHECK(count == 1);
}

TEST_CASE("host/timer_wheel: next_ns: is 0 without timers") {
    TimerWheel wheel{start};
    CHECK(wheel.next_ns() == 0);
    std::function<void()> fn = [] {};
    wheel.cancel(wheel.add(start, run, &fn, nullptr));
    CHECK(wheel.next_ns() == 0);
}

TEST_CASE("host/timer_wheel: next_ns: whoever advances then is never late") {
    for (std::uint64_t delay = 1 * ms; delay < 10'000 * second; delay = delay * 3 + 1) {
        TimerWheel wheel{start};
        std::uint64_t now = start;
        std::uint64_t fired_at = 0;
        std::function<void()> fn = [&] { fired_at = now; };
        wheel.add(start + delay, run, &fn, nullptr);
        while (fired_at == 0) {
            const std::uint64_t next = wheel.next_ns();
            REQUIRE(next > now);
            REQUIRE(next <= start + delay + late_max);
            now = next;
            wheel.advance(now);
        }
        CHECK(fired_at >= start + delay);
    }
}
