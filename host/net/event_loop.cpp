// SPDX-License-Identifier: Apache-2.0
#include "event_loop.hpp"

#include <dnsloom/abi/service/loop.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace loom::host {

namespace asio = boost::asio;

namespace {

thread_local EventLoop* current_loop = nullptr;

// Handles of watches and timers share one space; the top bit tells them apart.
constexpr loom_handle watch_bit = loom_handle{1} << 63U;

}  // namespace

struct EventLoop::Watch {
    Watch(asio::io_context& context, int fd) : descriptor{context, fd} {}
    // The descriptor is the plugin's: it must not be closed here.
    ~Watch() {
        if (descriptor.is_open()) descriptor.release();
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    asio::posix::stream_descriptor descriptor;
    void (*fn)(void*, std::uint32_t) = nullptr;
    void* arg = nullptr;
    const Instance* owner = nullptr;
};

EventLoop::EventLoop(std::uint32_t where, const Clock& clock)
    : where_{where}, clock_{clock}, context_{1}, alarm_{context_}, now_ns_{clock.monotonic_ns()},
      timers_{now_ns_} {}

EventLoop::~EventLoop() = default;

EventLoop* EventLoop::current() { return current_loop; }

EventLoop::Here::Here(EventLoop& loop) : before_{std::exchange(current_loop, &loop)} {}
EventLoop::Here::~Here() { current_loop = before_; }

void EventLoop::run() {
    const Here here{*this};
    const auto guard = asio::make_work_guard(context_);
    context_.run();
}

void EventLoop::stop() { context_.stop(); }

void EventLoop::clock_moved() {
    post([this] {
        // The alarm runs by the system's clock: it is set anew.
        alarm_ns_ = 0;
        timers_.advance(now_ns_);
    });
}

void EventLoop::post(std::function<void()> work) {
    asio::post(context_, [this, work = std::move(work)] {
        const Turn turn{*this};
        work();
    });
}

void EventLoop::defer(Function fn, void* arg, const Instance* owner) {
    deferred_.push_back({fn, arg, owner});
}

TimerWheel::Id EventLoop::add_timer(
    std::uint64_t delay_ns, Function fn, void* arg, const Instance* owner) {
    return timers_.add(now_ns_ + std::min(delay_ns, UINT64_MAX - now_ns_), fn, arg, owner);
}

loom_handle EventLoop::watch(
    int fd, std::uint32_t events, void (*fn)(void*, std::uint32_t), void* arg,
    const Instance* owner) {
    std::shared_ptr<Watch> watch;
    try {
        watch = std::make_shared<Watch>(context_, fd);
    } catch (const boost::system::system_error&) {
        return 0;
    }
    watch->fn = fn;
    watch->arg = arg;
    watch->owner = owner;
    const loom_handle handle = watch_bit | ++last_handle_;
    watches_.emplace(handle, watch);
    if ((events & LOOM_FD_READABLE) != 0) wait(watch, LOOM_FD_READABLE);
    if ((events & LOOM_FD_WRITABLE) != 0) wait(watch, LOOM_FD_WRITABLE);
    return handle;
}

void EventLoop::wait(const std::shared_ptr<Watch>& watch, std::uint32_t event) {
    const auto type = event == LOOM_FD_READABLE ? asio::posix::descriptor_base::wait_read
                                                : asio::posix::descriptor_base::wait_write;
    watch->descriptor.async_wait(
        type, [this, watch, event](const boost::system::error_code& error) {
            if (error == asio::error::operation_aborted || !watch->fn) return;
            {
                const Turn turn{*this};
                watch->fn(watch->arg, event);
            }
            if (watch->fn) wait(watch, event);
        });
}

bool EventLoop::unwatch(loom_handle handle) {
    const auto found = watches_.find(handle);
    if (found == watches_.end()) return false;
    const auto watch = found->second;
    watches_.erase(found);
    watch->fn = nullptr;
    watch->descriptor.release();
    return true;
}

void EventLoop::remove_owner(const Instance* owner) {
    timers_.cancel_owner(owner);
    std::erase_if(deferred_, [&](const Deferred& entry) { return entry.owner == owner; });
    for (Deferred& entry : running_)
        if (entry.owner == owner) entry.fn = nullptr;
    for (auto entry = watches_.begin(); entry != watches_.end();) {
        const auto current = entry++;
        if (current->second->owner == owner) unwatch(current->first);
    }
}

void EventLoop::begin_turn() {
    if (depth_++ != 0) return;
    now_ns_ = clock_.monotonic_ns();
}

void EventLoop::end_turn() {
    if (--depth_ != 0) return;
    ++depth_;
    bool more = true;
    while (more) {
        running_.swap(deferred_);
        for (std::size_t i = 0; i < running_.size(); ++i)
            if (running_[i].fn) running_[i].fn(running_[i].arg);
        running_.clear();
        more = settle() || !deferred_.empty();
    }
    --depth_;
    arm();
}

void EventLoop::arm() {
    const std::uint64_t next = timers_.next_ns();
    // An alarm that is too early costs one turn; setting it anew costs a system call.
    if (next == 0 || (alarm_ns_ != 0 && alarm_ns_ <= next)) return;
    alarm_ns_ = next;
    const std::uint64_t delay = next > now_ns_ ? next - now_ns_ : 0;
    alarm_.expires_after(std::chrono::nanoseconds{delay});
    alarm_.async_wait([this](const boost::system::error_code& error) {
        if (error == asio::error::operation_aborted) return;
        alarm_ns_ = 0;
        const Turn turn{*this};
        timers_.advance(now_ns_);
    });
}

}  // namespace loom::host
