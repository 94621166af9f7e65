// SPDX-License-Identifier: Apache-2.0
// Service "loom.loop/1".
#include "core.hpp"
#include "services.hpp"

namespace loom::harness {
namespace {

loom_status
post(const loom_host* host, std::uint32_t where, void (*fn)(void*), void* argument) noexcept {
    auto& core = Harness::Core::of(host);
    if (where >= core.setup().workers && where != LOOM_CONTROL) {
        core.misuse("post() was called for a worker that does not exist");
        return LOOM_E_ARGUMENT;
    }
    core.loop().post(where, [fn, argument] { fn(argument); });
    return LOOM_OK;
}

loom_status
defer(const loom_host* host, std::uint32_t where, void (*fn)(void*), void* argument) noexcept {
    auto& core = Harness::Core::of(host);
    if (!core.on_worker("defer()") || !core.on_thread("defer()", where)) return LOOM_E_THREAD;
    core.loop().defer([fn, argument] { fn(argument); });
    return LOOM_OK;
}

loom_status timer(
    const loom_host* host,
    std::uint32_t where,
    std::uint64_t delay_ns,
    void (*fn)(void*),
    void* argument,
    loom_handle* handle) noexcept {
    auto& core = Harness::Core::of(host);
    if (!core.on_thread("timer()", where)) return LOOM_E_THREAD;
    const auto now = core.loop().now_ns();
    const auto due = delay_ns > UINT64_MAX - now ? UINT64_MAX : now + delay_ns;
    *handle = core.loop().add_timer(
        where, due, [fn, argument] { fn(argument); }, TimerOwner::plugin);
    return LOOM_OK;
}

loom_status watch_fd(
    const loom_host* host,
    std::uint32_t where,
    int fd,
    std::uint32_t events,
    void (*fn)(void*, std::uint32_t),
    void* argument,
    loom_handle* handle) noexcept {
    auto& core = Harness::Core::of(host);
    if (!core.on_thread("watch_fd()", where)) return LOOM_E_THREAD;
    const std::uint32_t known = LOOM_FD_READABLE | LOOM_FD_WRITABLE;
    if (fd < 0 || events == 0 || (events & ~known) != 0) {
        core.misuse("watch_fd() was called with no descriptor or unknown events");
        return LOOM_E_ARGUMENT;
    }
    *handle = core.loop().watch(
        where, fd, events, [fn, argument](std::uint32_t ready) { fn(argument, ready); });
    return LOOM_OK;
}

loom_status cancel(const loom_host* host, loom_handle handle) noexcept {
    auto& core = Harness::Core::of(host);
    const auto where = core.loop().thread_of(handle);
    if (!where) return LOOM_E_STALE;
    if (!core.on_thread("cancel() of a timer or descriptor", *where)) return LOOM_E_THREAD;
    core.loop().cancel(handle);
    return LOOM_OK;
}

loom_status background(
    const loom_host* host, void (*work)(void*), void (*done)(void*), void* argument) noexcept {
    auto& core = Harness::Core::of(host);
    if (!core.on_control("background() of \"loom.loop/1\"")) return LOOM_E_THREAD;
    auto& loop = core.loop();
    loop.post(pool_thread, [&loop, work, done, argument] {
        work(argument);
        loop.post(LOOM_CONTROL, [done, argument] { done(argument); });
    });
    return LOOM_OK;
}

std::uint64_t monotonic_ns(const loom_host* host) noexcept {
    return Harness::Core::of(host).loop().now_ns();
}

std::uint64_t realtime_ns(const loom_host* host) noexcept {
    return Harness::Core::of(host).loop().realtime_ns();
}

}  // namespace

const loom_loop_1 loop_service = {
    .size = sizeof(loom_loop_1),
    .post = post,
    .defer = defer,
    .timer = timer,
    .watch_fd = watch_fd,
    .cancel = cancel,
    .background = background,
    .monotonic_ns = monotonic_ns,
    .realtime_ns = realtime_ns,
};

}  // namespace loom::harness
