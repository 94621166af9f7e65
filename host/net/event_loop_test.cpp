// SPDX-License-Identifier: Apache-2.0
#include "../services/sample_services.hpp"
#include "event_loop.hpp"

#include <dnsloom/abi/service/loop.h>

#include <doctest/doctest.h>

#include <unistd.h>

#include <string>
#include <thread>

using namespace loom::host;

namespace {

constexpr std::uint64_t second = 1'000'000'000;

using Function = std::function<void()>;
void run(void* function) { (*static_cast<Function*>(function))(); }

using FdFunction = std::function<void(std::uint32_t)>;
void run_fd(void* function, std::uint32_t events) { (*static_cast<FdFunction*>(function))(events); }

class Pipe {
public:
    Pipe() { REQUIRE(::pipe2(ends_, O_NONBLOCK | O_CLOEXEC) == 0); }
    ~Pipe() {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    int reader() const { return ends_[0]; }
    int writer() const { return ends_[1]; }
    void put() const { REQUIRE(::write(ends_[1], "x", 1) == 1); }
    void take() const {
        char octet = 0;
        REQUIRE(::read(ends_[0], &octet, 1) == 1);
    }

private:
    int ends_[2] = {-1, -1};
};

struct Sample {
    Clock clock;
    EventLoop loop{0, clock};
    // Two owners that are never looked into.
    const Instance* mine = reinterpret_cast<const Instance*>(&clock);
    const Instance* other = reinterpret_cast<const Instance*>(&loop);

    void advance(std::uint64_t step_ns) {
        clock.advance(step_ns);
        loop.clock_moved();
        run_ready(loop);
    }
};

}  // namespace

TEST_CASE("host/event_loop: post: runs on the loop, in order") {
    Sample sample;
    std::string order;
    sample.loop.post([&] { order += EventLoop::current() == &sample.loop ? 'a' : '?'; });
    sample.loop.post([&] { order += 'b'; });
    CHECK(order.empty());
    run_ready(sample.loop);
    CHECK(order == "ab");
}

TEST_CASE("host/event_loop: post: from another thread runs on the loop's") {
    Sample sample;
    std::thread::id ran_on;
    std::thread{[&] { sample.loop.post([&] { ran_on = std::this_thread::get_id(); }); }}.join();
    run_ready(sample.loop);
    CHECK(ran_on == std::this_thread::get_id());
}

TEST_CASE("host/event_loop: run: ends with stop() from another thread") {
    Sample sample;
    bool inside = false;
    std::thread runner{[&] { sample.loop.run(); }};
    sample.loop.post([&] {
        inside = EventLoop::current() == &sample.loop;
        sample.loop.stop();
    });
    runner.join();
    CHECK(inside);
}

TEST_CASE("host/event_loop: current: is the loop of the innermost Here") {
    Sample a;
    Sample b;
    CHECK(EventLoop::current() == nullptr);
    {
        const EventLoop::Here outer{a.loop};
        {
            const EventLoop::Here inner{b.loop};
            CHECK(EventLoop::current() == &b.loop);
        }
        CHECK(EventLoop::current() == &a.loop);
    }
    CHECK(EventLoop::current() == nullptr);
}

TEST_CASE("host/event_loop: defer: runs at the end of the turn") {
    Sample sample;
    std::string order;
    Function deferred = [&] { order += 'd'; };
    sample.loop.post([&] {
        sample.loop.defer(run, &deferred, nullptr);
        order += 'a';
    });
    sample.loop.post([&] { order += 'b'; });
    run_ready(sample.loop);
    CHECK(order == "adb");
}

TEST_CASE("host/event_loop: defer: in a turn within a turn waits for the outer one") {
    Sample sample;
    std::string order;
    Function deferred = [&] { order += 'd'; };
    {
        const EventLoop::Turn outer{sample.loop};
        {
            const EventLoop::Turn inner{sample.loop};
            sample.loop.defer(run, &deferred, nullptr);
        }
        CHECK(order.empty());
    }
    CHECK(order == "d");
}

TEST_CASE("host/event_loop: defer: by deferred work runs in the same turn") {
    Sample sample;
    std::string order;
    Function inner = [&] { order += 'i'; };
    Function outer = [&] {
        order += 'o';
        sample.loop.defer(run, &inner, nullptr);
    };
    {
        const EventLoop::Turn turn{sample.loop};
        sample.loop.defer(run, &outer, nullptr);
    }
    CHECK(order == "oi");
}

TEST_CASE("host/event_loop: now_ns: stands still within a turn") {
    Sample sample;
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    sample.loop.post([&] {
        before = sample.loop.now_ns();
        sample.clock.advance(second);
        after = sample.loop.now_ns();
    });
    run_ready(sample.loop);
    CHECK(before == after);
    sample.loop.post([&] { after = sample.loop.now_ns(); });
    run_ready(sample.loop);
    CHECK(after >= before + second);
}

TEST_CASE("host/event_loop: add_timer: fires when the clock has come there, not before") {
    Sample sample;
    int count = 0;
    Function fn = [&] { ++count; };
    sample.loop.post([&] { sample.loop.add_timer(3600 * second, run, &fn, nullptr); });
    run_ready(sample.loop);
    sample.advance(3500 * second);
    CHECK(count == 0);
    sample.advance(101 * second);
    CHECK(count == 1);
}

TEST_CASE("host/event_loop: add_timer: fires by itself") {
    Sample sample;
    bool fired = false;
    Function fn = [&] { fired = true; };
    sample.loop.post([&] { sample.loop.add_timer(1'000'000, run, &fn, nullptr); });
    CHECK(run_until(sample.loop, [&] { return fired; }));
}

TEST_CASE("host/event_loop: add_timer: an earlier timer is not held up by a later one") {
    Sample sample;
    bool fired = false;
    Function fn = [&] { fired = true; };
    Function never = [] {};
    sample.loop.post([&] { sample.loop.add_timer(3600 * second, run, &never, nullptr); });
    run_ready(sample.loop);
    sample.loop.post([&] { sample.loop.add_timer(1'000'000, run, &fn, nullptr); });
    CHECK(run_until(sample.loop, [&] { return fired; }));
}

TEST_CASE("host/event_loop: clock_moved: a timer that is near now fires by itself") {
    Sample sample;
    std::uint64_t fired_at = 0;
    Function fn = [&] { fired_at = sample.clock.monotonic_ns(); };
    constexpr std::uint64_t delay = 4 * second;
    const std::uint64_t due = sample.clock.monotonic_ns() + delay;
    sample.loop.post([&] { sample.loop.add_timer(delay, run, &fn, nullptr); });
    run_ready(sample.loop);
    sample.advance(delay - second / 20);
    CHECK(run_until(sample.loop, [&] { return fired_at != 0; }));
    // By the old alarm it would be nearly `delay` late.
    CHECK(fired_at < due + delay * 3 / 4);
}

TEST_CASE("host/event_loop: add_timer: the longest delay never fires") {
    Sample sample;
    int count = 0;
    Function fn = [&] { ++count; };
    sample.loop.post([&] { sample.loop.add_timer(UINT64_MAX, run, &fn, nullptr); });
    run_ready(sample.loop);
    sample.advance(86'400 * second);
    CHECK(count == 0);
}

TEST_CASE("host/event_loop: cancel_timer: the function is not called") {
    Sample sample;
    int count = 0;
    Function fn = [&] { ++count; };
    TimerWheel::Id id = 0;
    sample.loop.post([&] { id = sample.loop.add_timer(second, run, &fn, nullptr); });
    run_ready(sample.loop);
    CHECK(sample.loop.cancel_timer(id));
    sample.advance(10 * second);
    CHECK(count == 0);
}

TEST_CASE("host/event_loop: watch: calls each time the descriptor is readable") {
    Sample sample;
    const Pipe pipe;
    int count = 0;
    FdFunction fn = [&](std::uint32_t events) {
        CHECK(events == LOOM_FD_READABLE);
        pipe.take();
        ++count;
    };
    REQUIRE(sample.loop.watch(pipe.reader(), LOOM_FD_READABLE, run_fd, &fn, nullptr) != 0);
    run_ready(sample.loop);
    CHECK(count == 0);
    pipe.put();
    CHECK(run_until(sample.loop, [&] { return count == 1; }));
    pipe.put();
    CHECK(run_until(sample.loop, [&] { return count == 2; }));
}

TEST_CASE("host/event_loop: watch: calls when the descriptor is writable") {
    Sample sample;
    const Pipe pipe;
    std::uint32_t seen = 0;
    loom_handle handle = 0;
    FdFunction fn = [&](std::uint32_t events) {
        seen = events;
        sample.loop.unwatch(handle);
    };
    handle = sample.loop.watch(pipe.writer(), LOOM_FD_WRITABLE, run_fd, &fn, nullptr);
    CHECK(run_until(sample.loop, [&] { return seen != 0; }));
    CHECK(seen == LOOM_FD_WRITABLE);
}

TEST_CASE("host/event_loop: watch: what is deferred there runs at its end") {
    Sample sample;
    const Pipe pipe;
    std::string order;
    Function deferred = [&] { order += 'd'; };
    FdFunction fn = [&](std::uint32_t) {
        pipe.take();
        sample.loop.defer(run, &deferred, nullptr);
        order += 'r';
    };
    sample.loop.watch(pipe.reader(), LOOM_FD_READABLE, run_fd, &fn, nullptr);
    pipe.put();
    CHECK(run_until(sample.loop, [&] { return !order.empty(); }));
    CHECK(order == "rd");
}

TEST_CASE("host/event_loop: watch: is 0 for what is no descriptor") {
    Sample sample;
    FdFunction fn = [](std::uint32_t) {};
    CHECK(sample.loop.watch(-1, LOOM_FD_READABLE, run_fd, &fn, nullptr) == 0);
    CHECK(sample.loop.watch(1'000'000, LOOM_FD_READABLE, run_fd, &fn, nullptr) == 0);
}

TEST_CASE("host/event_loop: unwatch: ends the calls and leaves the descriptor open") {
    Sample sample;
    const Pipe pipe;
    int count = 0;
    FdFunction fn = [&](std::uint32_t) { ++count; };
    const auto handle = sample.loop.watch(pipe.reader(), LOOM_FD_READABLE, run_fd, &fn, nullptr);
    CHECK(sample.loop.unwatch(handle));
    CHECK_FALSE(sample.loop.unwatch(handle));
    pipe.put();
    run_ready(sample.loop);
    CHECK(count == 0);
    pipe.take();
}

TEST_CASE("host/event_loop: unwatch: inside the function ends the calls") {
    Sample sample;
    const Pipe pipe;
    int count = 0;
    loom_handle handle = 0;
    FdFunction fn = [&](std::uint32_t) {
        ++count;
        CHECK(sample.loop.unwatch(handle));
    };
    handle = sample.loop.watch(pipe.reader(), LOOM_FD_READABLE, run_fd, &fn, nullptr);
    pipe.put();
    CHECK(run_until(sample.loop, [&] { return count == 1; }));
    run_ready(sample.loop);
    CHECK(count == 1);
}

TEST_CASE("host/event_loop: unwatch: the descriptor can be watched anew") {
    Sample sample;
    const Pipe pipe;
    int count = 0;
    FdFunction fn = [&](std::uint32_t) {
        pipe.take();
        ++count;
    };
    const auto first = sample.loop.watch(pipe.reader(), LOOM_FD_READABLE, run_fd, &fn, nullptr);
    sample.loop.unwatch(first);
    const auto again = sample.loop.watch(pipe.reader(), LOOM_FD_READABLE, run_fd, &fn, nullptr);
    REQUIRE(again != 0);
    CHECK(again != first);
    pipe.put();
    CHECK(run_until(sample.loop, [&] { return count == 1; }));
}

TEST_CASE("host/event_loop: remove_owner: ends timers, watches and deferred work of the owner") {
    Sample sample;
    const Pipe pipe;
    const Pipe pipe_of_other;
    std::string order;
    Function mine = [&] { order += 'm'; };
    Function other = [&] { order += 'o'; };
    FdFunction fd_mine = [&](std::uint32_t) { order += 'M'; };
    FdFunction fd_other = [&](std::uint32_t) {
        pipe_of_other.take();
        order += 'O';
    };
    {
        const EventLoop::Turn turn{sample.loop};
        sample.loop.defer(run, &mine, sample.mine);
        sample.loop.defer(run, &other, sample.other);
        sample.loop.add_timer(second, run, &mine, sample.mine);
        sample.loop.add_timer(second, run, &other, sample.other);
        sample.loop.watch(pipe.reader(), LOOM_FD_READABLE, run_fd, &fd_mine, sample.mine);
        sample.loop.watch(
            pipe_of_other.reader(), LOOM_FD_READABLE, run_fd, &fd_other, sample.other);
        sample.loop.remove_owner(sample.mine);
    }
    pipe.put();
    pipe_of_other.put();
    CHECK(run_until(sample.loop, [&] { return order.contains('O'); }));
    sample.advance(2 * second);
    CHECK(order == "oOo");
}

TEST_CASE("host/event_loop: remove_owner: in deferred work ends what is deferred behind it") {
    Sample sample;
    std::string order;
    Function remove = [&] { sample.loop.remove_owner(sample.mine); };
    Function mine = [&] { order += 'm'; };
    {
        const EventLoop::Turn turn{sample.loop};
        sample.loop.defer(run, &remove, sample.other);
        sample.loop.defer(run, &mine, sample.mine);
    }
    CHECK(order.empty());
}
