// SPDX-License-Identifier: Apache-2.0
// Service "loom.events/1".
#include "core.hpp"
#include "services.hpp"

#include <dnsloom/dns/name.hpp>
#include <dnsloom/options.hpp>

#include <algorithm>

namespace loom::harness {
namespace {

std::string event_fault(const loom_event& event) {
    if (event.kind != LOOM_EVENT_ZONE_CHANGED && event.kind != LOOM_EVENT_NAME_CHANGED)
        return "an event of unknown kind was published";
    const auto octets = view(event.name);
    const auto name = dns::NameView::check(octets);
    if (!name || name->size() != octets.size())
        return "an event with a malformed name was published";
    if (!std::ranges::equal(octets, lower(octets)))
        return "an event was published whose name is not in lower case";
    return {};
}

loom_status publish(const loom_host* host, const loom_event* event) noexcept {
    auto& core = Harness::Core::of(host);
    if (const auto fault = event_fault(*event); !fault.empty()) {
        core.misuse(fault);
        return LOOM_E_ARGUMENT;
    }
    const std::lock_guard lock{core.mutex};
    core.events.push_back({event->kind, name_to_text(view(event->name))});
    return LOOM_OK;
}

loom_status subscribe(
    const loom_host* host,
    void (*fn)(void*, const loom_event*),
    void* argument,
    loom_handle* handle) noexcept {
    auto& core = Harness::Core::of(host);
    if (!core.on_control("subscribe()")) return LOOM_E_THREAD;
    *handle = ++core.last_handle;
    core.subscriptions.emplace(*handle, Subscription{fn, argument});
    return LOOM_OK;
}

loom_status cancel(const loom_host* host, loom_handle handle) noexcept {
    auto& core = Harness::Core::of(host);
    if (!core.on_control("cancel() of \"loom.events/1\"")) return LOOM_E_THREAD;
    return core.subscriptions.erase(handle) != 0 ? LOOM_OK : LOOM_E_STALE;
}

}  // namespace

const loom_events_1 events_service = {
    .size = sizeof(loom_events_1), .publish = publish, .subscribe = subscribe, .cancel = cancel};

}  // namespace loom::harness
