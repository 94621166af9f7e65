// SPDX-License-Identifier: Apache-2.0
// The harness's event loop: a clock that stands still, timers, posted work, descriptors.
#pragma once

#include <dnsloom/abi/base.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace loom::harness {

/// `where` while work runs that a host would give to its pool of threads.
inline constexpr std::uint32_t pool_thread = LOOM_CONTROL - 1;

/// Whose a timer is: the plugin's are counted, the harness's own deadlines are not.
enum class TimerOwner : std::uint8_t { plugin, harness };

/// Runs everything on the test's thread and remembers on which thread of a host it would have been.
/// post() may be called from any thread, all else on the test's.
class Loop {
public:
    using Work = std::function<void()>;
    using FdWork = std::function<void(std::uint32_t events)>;

    /// The thread being played: a worker's number or LOOM_CONTROL.
    std::uint32_t where() const { return where_; }
    /// True on the test's own thread.
    bool is_own_thread() const { return std::this_thread::get_id() == own_thread_; }
    /// Runs `work` as `where`, and then what it deferred.
    void run_as(std::uint32_t where, const Work& work);

    void post(std::uint32_t where, Work work);
    void defer(Work work);
    loom_handle add_timer(std::uint32_t where, std::uint64_t due_ns, Work work, TimerOwner owner);
    loom_handle watch(std::uint32_t where, int fd, std::uint32_t events, FdWork work);
    /// The thread a timer or watch was made on; nothing if the handle is stale.
    std::optional<std::uint32_t> thread_of(loom_handle handle) const;
    /// False if the handle is stale.
    bool cancel(loom_handle handle);

    /// One round: everything posted so far and all ready descriptors. Returns what ran.
    std::size_t run_once();
    /// Sleeps in poll() until a descriptor is ready or `limit` has passed.
    void wait(std::chrono::milliseconds limit) const;
    /// Moves the clock to the next timer up to `end_ns` and fires it; false if there is none, and the
    /// clock then stands at `end_ns`.
    bool fire_next(std::uint64_t end_ns);

    std::uint64_t now_ns() const { return now_ns_; }
    std::uint64_t realtime_ns() const { return now_ns_ + realtime_offset_ns_; }
    void set_realtime_ns(std::uint64_t ns) { realtime_offset_ns_ = ns - now_ns_; }

    std::size_t timer_count() const;
    std::size_t watch_count() const { return watches_.size(); }
    /// Forgets everything that is registered.
    void clear();

private:
    struct Posted {
        std::uint32_t where;
        Work work;
    };
    struct Timer {
        Posted posted;
        TimerOwner owner;
    };
    struct Watch {
        std::uint32_t where;
        int fd;
        std::uint32_t events;
        FdWork work;
    };
    using TimerKey = std::pair<std::uint64_t, loom_handle>;  // Due time; then in order of making.

    std::vector<Posted> take_posted();
    std::size_t run_ready_descriptors();

    std::thread::id own_thread_ = std::this_thread::get_id();
    std::uint32_t where_ = LOOM_CONTROL;
    // Far from 0 on purpose: code that takes 0 for "never" must not pass by luck.
    std::uint64_t now_ns_ = 1'000'000'000'000;
    std::uint64_t realtime_offset_ns_ = 1'767'225'600'000'000'000 - 1'000'000'000'000;
    loom_handle last_handle_ = 0x1000;
    std::map<TimerKey, Timer> timers_;
    std::map<loom_handle, Watch> watches_;
    std::vector<Work> deferred_;
    std::mutex posted_mutex_;
    std::vector<Posted> posted_;
};

}  // namespace loom::harness
