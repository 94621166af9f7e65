// SPDX-License-Identifier: Apache-2.0
#include "event_bus.hpp"

#include "../net/event_loop.hpp"

#include <utility>

namespace loom::host {

loom_handle EventBus::subscribe(
    const Instance* owner, void (*fn)(void*, const loom_event*), void* arg) {
    subscribers_.emplace(++last_, Subscriber{owner, fn, arg});
    return last_;
}

bool EventBus::cancel(loom_handle handle) { return subscribers_.erase(handle) != 0; }

void EventBus::remove_owner(const Instance* owner) {
    std::erase_if(subscribers_, [&](const auto& entry) { return entry.second.owner == owner; });
}

void EventBus::publish(const Instance* from, std::int32_t kind, std::vector<std::uint8_t> name) {
    control_.post([this, from, kind, name = std::move(name)] {
        const loom_event event{sizeof(loom_event), kind, {name.data(), name.size()}};
        // A subscriber may cancel itself or others, so the next one is looked up anew.
        for (auto entry = subscribers_.begin(); entry != subscribers_.end();) {
            const loom_handle handle = entry->first;
            const Subscriber subscriber = entry->second;
            if (subscriber.owner != from) subscriber.fn(subscriber.arg, &event);
            entry = subscribers_.upper_bound(handle);
        }
    });
}

}  // namespace loom::host
