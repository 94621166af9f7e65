// SPDX-License-Identifier: Apache-2.0
// Service "loom.publish/1".
#include "core.hpp"
#include "services.hpp"

namespace loom::harness {
namespace {

loom_status retire(const loom_host* host, void (*free_function)(void*), void* argument) noexcept {
    auto& core = Harness::Core::of(host);
    if (!core.on_control("retire()")) return LOOM_E_THREAD;
    core.retired.push_back({core.conductor().next_number(), free_function, argument});
    return LOOM_OK;
}

}  // namespace

const loom_publish_1 publish_service = {.size = sizeof(loom_publish_1), .retire = retire};

}  // namespace loom::harness
