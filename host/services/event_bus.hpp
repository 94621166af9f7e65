// SPDX-License-Identifier: Apache-2.0
// Who hears of changed zones and names: service "loom.events/1".
#pragma once

#include <dnsloom/abi/service/events.h>

#include <cstdint>
#include <map>
#include <vector>

namespace loom::host {

class EventLoop;
class Instance;

/// Subscribers are called on the control thread. publish() may be called from anywhere.
class EventBus {
public:
    explicit EventBus(EventLoop& control) : control_{control} {}

    loom_handle subscribe(
        const Instance* owner, void (*fn)(void*, const loom_event*), void* arg);
    bool cancel(loom_handle handle);
    void remove_owner(const Instance* owner);

    /// Tells all subscribers but those of `from`.
    void publish(const Instance* from, std::int32_t kind, std::vector<std::uint8_t> name);

private:
    struct Subscriber {
        const Instance* owner;
        void (*fn)(void*, const loom_event*);
        void* arg;
    };

    EventLoop& control_;
    std::map<loom_handle, Subscriber> subscribers_;
    loom_handle last_ = 0;
};

}  // namespace loom::host
