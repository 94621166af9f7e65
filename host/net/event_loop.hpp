// SPDX-License-Identifier: Apache-2.0
// One thread's loop: descriptors, timers, posted and deferred work. Workers and the control thread
// have one each.
#pragma once

#include "timer_wheel.hpp"
#include "../services/clock.hpp"

#include <dnsloom/abi/base.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace loom::host {

class Instance;

/// Everything but post() and clock_moved() belongs to the loop's own thread.
class EventLoop {
public:
    using Function = void (*)(void*);

    /// `where`: a worker's number or LOOM_CONTROL.
    EventLoop(std::uint32_t where, const Clock& clock);
    virtual ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    boost::asio::io_context& context() { return context_; }
    std::uint32_t where() const { return where_; }
    /// The loop that runs on the calling thread, or null.
    static EventLoop* current();

    /// Makes the calling thread the loop's own while it lives, before run().
    class Here {
    public:
        explicit Here(EventLoop& loop);
        ~Here();
        Here(const Here&) = delete;
        Here& operator=(const Here&) = delete;

    private:
        EventLoop* before_;
    };

    /// Runs until stop().
    void run();
    void stop();  ///< [A]

    /// The time at which this turn began.
    std::uint64_t now_ns() const { return now_ns_; }
    const Clock& clock() const { return clock_; }
    void clock_moved();  ///< The test clock was set. [A]

    /// Runs `work` on the loop's thread as a turn of its own. [A]
    void post(std::function<void()> work);
    /// Runs fn(arg) at the end of this turn.
    void defer(Function fn, void* arg, const Instance* owner);

    TimerWheel::Id add_timer(std::uint64_t delay_ns, Function fn, void* arg, const Instance* owner);
    TimerWheel::Id add_timer_at(std::uint64_t due_ns, Function fn, void* arg, const Instance* owner) {
        return timers_.add(due_ns, fn, arg, owner);
    }
    bool cancel_timer(TimerWheel::Id id) { return timers_.cancel(id); }

    /// Calls fn(arg, LOOM_FD_*) whenever `fd` is ready. Returns 0 if the system refuses.
    loom_handle watch(
        int fd, std::uint32_t events, void (*fn)(void*, std::uint32_t), void* arg,
        const Instance* owner);
    bool unwatch(loom_handle handle);

    /// Ends everything that `owner` has registered on this loop.
    void remove_owner(const Instance* owner);

    /// Everything that calls into plugins is a turn: the clock is read when it begins, and when
    /// it ends, deferred work runs and what has gathered is sent.
    class Turn {
    public:
        explicit Turn(EventLoop& loop) : loop_{loop} { loop_.begin_turn(); }
        ~Turn() { loop_.end_turn(); }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;

    private:
        EventLoop& loop_;
    };

protected:
    /// The end of a turn. Returns true if it did something that may have deferred more.
    virtual bool settle() { return false; }

private:
    struct Deferred {
        Function fn;
        void* arg;
        const Instance* owner;
    };
    struct Watch;

    void begin_turn();
    void end_turn();
    void arm();
    void wait(const std::shared_ptr<Watch>& watch, std::uint32_t event);

    std::uint32_t where_;
    const Clock& clock_;
    boost::asio::io_context context_;
    boost::asio::steady_timer alarm_;
    std::uint64_t alarm_ns_ = 0;  // What alarm_ is set to; 0: nothing.
    std::uint64_t now_ns_;
    unsigned depth_ = 0;
    TimerWheel timers_;
    std::vector<Deferred> deferred_;
    std::vector<Deferred> running_;  // Those of this round; empty between rounds.
    std::unordered_map<loom_handle, std::shared_ptr<Watch>> watches_;
    loom_handle last_handle_ = 0;
};

}  // namespace loom::host
