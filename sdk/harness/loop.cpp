// SPDX-License-Identifier: Apache-2.0
#include "loop.hpp"

#include <dnsloom/abi/service/loop.h>

#include <poll.h>

#include <algorithm>

namespace loom::harness {
namespace {

short poll_events(std::uint32_t events) {
    int bits = 0;
    if ((events & LOOM_FD_READABLE) != 0) bits |= POLLIN;
    if ((events & LOOM_FD_WRITABLE) != 0) bits |= POLLOUT;
    return static_cast<short>(bits);
}

/// Errors and hang-ups count as whatever was waited for, so that the next call reports them.
std::uint32_t ready_events(short revents, std::uint32_t wanted) {
    std::uint32_t events = 0;
    if ((revents & POLLIN) != 0) events |= LOOM_FD_READABLE;
    if ((revents & POLLOUT) != 0) events |= LOOM_FD_WRITABLE;
    if ((revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) events |= wanted;
    return events & wanted;
}

/// A test's own functions may throw through the loop.
class ThreadPlayed {
public:
    ThreadPlayed(std::uint32_t& where, std::uint32_t now)
        : where_{where}, before_{std::exchange(where, now)} {}
    ThreadPlayed(const ThreadPlayed&) = delete;
    ThreadPlayed& operator=(const ThreadPlayed&) = delete;
    ~ThreadPlayed() { where_ = before_; }

private:
    std::uint32_t& where_;
    std::uint32_t before_;
};

}  // namespace

void Loop::run_as(std::uint32_t where, const Work& work) {
    const ThreadPlayed played{where_, where};
    work();
    // Work that defers again runs in the same batch, as long as it ends.
    while (!deferred_.empty())
        for (const auto& deferred : std::exchange(deferred_, {})) deferred();
}

void Loop::post(std::uint32_t where, Work work) {
    const std::lock_guard lock{posted_mutex_};
    posted_.push_back({where, std::move(work)});
}

void Loop::defer(Work work) { deferred_.push_back(std::move(work)); }

loom_handle
Loop::add_timer(std::uint32_t where, std::uint64_t due_ns, Work work, TimerOwner owner) {
    const auto handle = ++last_handle_;
    timers_.emplace(TimerKey{due_ns, handle}, Timer{{where, std::move(work)}, owner});
    return handle;
}

loom_handle Loop::watch(std::uint32_t where, int fd, std::uint32_t events, FdWork work) {
    const auto handle = ++last_handle_;
    watches_.emplace(handle, Watch{where, fd, events, std::move(work)});
    return handle;
}

std::optional<std::uint32_t> Loop::thread_of(loom_handle handle) const {
    if (const auto watch = watches_.find(handle); watch != watches_.end())
        return watch->second.where;
    for (const auto& [key, timer] : timers_)
        if (key.second == handle) return timer.posted.where;
    return std::nullopt;
}

std::size_t Loop::timer_count() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        timers_, [](const auto& entry) { return entry.second.owner == TimerOwner::plugin; }));
}

bool Loop::cancel(loom_handle handle) {
    if (watches_.erase(handle) != 0) return true;
    const auto timer =
        std::ranges::find(timers_, handle, [](const auto& entry) { return entry.first.second; });
    if (timer == timers_.end()) return false;
    timers_.erase(timer);
    return true;
}

std::vector<Loop::Posted> Loop::take_posted() {
    const std::lock_guard lock{posted_mutex_};
    return std::exchange(posted_, {});
}

std::size_t Loop::run_once() {
    const auto posted = take_posted();
    for (const auto& [where, work] : posted) run_as(where, work);
    return posted.size() + run_ready_descriptors();
}

std::size_t Loop::run_ready_descriptors() {
    std::vector<pollfd> polled;
    std::vector<loom_handle> handles;
    for (const auto& [handle, watch] : watches_) {
        polled.push_back({watch.fd, poll_events(watch.events), 0});
        handles.push_back(handle);
    }
    if (polled.empty() || ::poll(polled.data(), polled.size(), 0) <= 0) return 0;

    std::size_t ran = 0;
    for (std::size_t i = 0; i < polled.size(); ++i) {
        const auto found = watches_.find(handles[i]);  // Gone if an earlier one cancelled it.
        if (found == watches_.end() || polled[i].revents == 0) continue;
        const auto watch = found->second;  // A copy: it may cancel itself.
        const auto events = ready_events(polled[i].revents, watch.events);
        run_as(watch.where, [&] { watch.work(events); });
        ++ran;
    }
    return ran;
}

void Loop::wait(std::chrono::milliseconds limit) const {
    std::vector<pollfd> polled;
    for (const auto& [handle, watch] : watches_)
        polled.push_back({watch.fd, poll_events(watch.events), 0});
    ::poll(polled.data(), polled.size(), static_cast<int>(limit.count()));
}

bool Loop::fire_next(std::uint64_t end_ns) {
    if (timers_.empty() || timers_.begin()->first.first > end_ns) {
        now_ns_ = std::max(now_ns_, end_ns);
        return false;
    }
    const auto node = timers_.extract(timers_.begin());
    now_ns_ = std::max(now_ns_, node.key().first);
    run_as(node.mapped().posted.where, node.mapped().posted.work);
    return true;
}

void Loop::clear() {
    timers_.clear();
    watches_.clear();
    deferred_.clear();
    take_posted();
}

}  // namespace loom::harness
