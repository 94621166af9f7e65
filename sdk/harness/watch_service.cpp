// SPDX-License-Identifier: Apache-2.0
// Service "loom.watch/1".
#include "core.hpp"
#include "services.hpp"

#include <dnsloom/options.hpp>

namespace loom::harness {
namespace {

loom_status file(
    const loom_host* host,
    loom_str path,
    void (*changed)(void*),
    void* argument,
    loom_handle* handle) noexcept {
    auto& core = Harness::Core::of(host);
    if (!core.on_control("file() of \"loom.watch/1\"")) return LOOM_E_THREAD;
    if (path.size == 0) {
        core.misuse("file() of \"loom.watch/1\" was called without a path");
        return LOOM_E_ARGUMENT;
    }
    *handle = ++core.last_handle;
    core.files.emplace(*handle, FileWatch{core.absolute(view(path)), changed, argument});
    return LOOM_OK;
}

loom_status cancel(const loom_host* host, loom_handle handle) noexcept {
    auto& core = Harness::Core::of(host);
    if (!core.on_control("cancel() of \"loom.watch/1\"")) return LOOM_E_THREAD;
    return core.files.erase(handle) != 0 ? LOOM_OK : LOOM_E_STALE;
}

}  // namespace

const loom_watch_1 watch_service = {.size = sizeof(loom_watch_1), .file = file, .cancel = cancel};

}  // namespace loom::harness
