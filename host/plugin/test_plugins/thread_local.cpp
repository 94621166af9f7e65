// SPDX-License-Identifier: Apache-2.0
// A plugin that every thread which ran it pins: it has a thread_local with a destructor.
#include <dnsloom/plugin.hpp>

#include <string>

namespace {

thread_local std::string last = "something that is longer than what fits into the object itself";

// Touches `last` without a host.
const void* touch(loom_instance*, const char*) { return last.data(); }

loom_status create(const loom_host*, const loom_options*, loom_instance**, loom_error*) {
    return LOOM_E_UNSUPPORTED;
}

void destroy(loom_instance*) {}

constexpr loom_plugin describe() {
    loom_plugin plugin{};
    plugin.size = sizeof plugin;
    plugin.abi_major = LOOM_ABI_MAJOR;
    plugin.abi_minor = LOOM_ABI_MINOR;
    plugin.id = {"thread_local", 12};
    plugin.version = {"1.0.0", 5};
    plugin.create = create;
    plugin.destroy = destroy;
    plugin.extension = touch;
    return plugin;
}

constinit const loom_plugin plugin = describe();
constinit const loom_plugin* const plugins[] = {&plugin};

LOOM_NOTE("thread_local", "1.0.0");

}  // namespace

extern "C" LOOM_EXPORT const loom_module loom_module_0 = {
    sizeof(loom_module), LOOM_ABI_MAJOR, LOOM_ABI_MINOR, 1, plugins};
