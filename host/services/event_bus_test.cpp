// SPDX-License-Identifier: Apache-2.0
#include "event_bus.hpp"
#include "sample_services.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <thread>

using namespace loom::host;

namespace {

using Listener = std::function<void(const loom_event&)>;
void call(void* listener, const loom_event* event) { (*static_cast<Listener*>(listener))(*event); }

struct Sample {
    Clock clock;
    EventLoop loop{LOOM_CONTROL, clock};
    EventBus bus{loop};
    const Instance* a = reinterpret_cast<const Instance*>(&clock);
    const Instance* b = reinterpret_cast<const Instance*>(&loop);
};

}  // namespace

TEST_CASE("host/event_bus: publish: tells all subscribers but those of the publisher") {
    Sample sample;
    int calls_of_a = 0;
    int calls_of_b = 0;
    Listener of_a = [&](const loom_event&) { ++calls_of_a; };
    Listener of_b = [&](const loom_event& event) {
        ++calls_of_b;
        CHECK(event.size == sizeof(loom_event));
        CHECK(event.kind == LOOM_EVENT_NAME_CHANGED);
        CHECK(Octets(event.name.data, event.name.data + event.name.size) == wire_name("x.org."));
    };
    CHECK(sample.bus.subscribe(sample.a, call, &of_a) != 0);
    CHECK(sample.bus.subscribe(sample.b, call, &of_b) != 0);
    sample.bus.publish(sample.a, LOOM_EVENT_NAME_CHANGED, wire_name("x.org."));
    CHECK(calls_of_b == 0);
    run_ready(sample.loop);
    CHECK(calls_of_a == 0);
    CHECK(calls_of_b == 1);
}

TEST_CASE("host/event_bus: publish: from another thread calls on the control thread") {
    Sample sample;
    std::thread::id ran_on;
    Listener listener = [&](const loom_event&) { ran_on = std::this_thread::get_id(); };
    sample.bus.subscribe(sample.a, call, &listener);
    std::thread{[&] { sample.bus.publish(sample.b, LOOM_EVENT_ZONE_CHANGED, {0}); }}.join();
    run_ready(sample.loop);
    CHECK(ran_on == std::this_thread::get_id());
}

TEST_CASE("host/event_bus: cancel: ends the calls, once") {
    Sample sample;
    int calls = 0;
    Listener listener = [&](const loom_event&) { ++calls; };
    const auto handle = sample.bus.subscribe(sample.a, call, &listener);
    CHECK(sample.bus.cancel(handle));
    CHECK_FALSE(sample.bus.cancel(handle));
    sample.bus.publish(nullptr, LOOM_EVENT_ZONE_CHANGED, {0});
    run_ready(sample.loop);
    CHECK(calls == 0);
}

TEST_CASE("host/event_bus: cancel: of itself and others inside a call is safe") {
    Sample sample;
    int calls = 0;
    std::vector<loom_handle> handles;
    Listener listener = [&](const loom_event&) {
        ++calls;
        for (const auto handle : handles) sample.bus.cancel(handle);
    };
    for (int i = 0; i < 3; ++i) handles.push_back(sample.bus.subscribe(sample.a, call, &listener));
    sample.bus.publish(nullptr, LOOM_EVENT_ZONE_CHANGED, {0});
    run_ready(sample.loop);
    CHECK(calls == 1);
}

TEST_CASE("host/event_bus: remove_owner: ends the owner's subscriptions and no others") {
    Sample sample;
    int calls_of_a = 0;
    int calls_of_b = 0;
    Listener of_a = [&](const loom_event&) { ++calls_of_a; };
    Listener of_b = [&](const loom_event&) { ++calls_of_b; };
    sample.bus.subscribe(sample.a, call, &of_a);
    sample.bus.subscribe(sample.b, call, &of_b);
    sample.bus.publish(nullptr, LOOM_EVENT_ZONE_CHANGED, {0});
    sample.bus.remove_owner(sample.a);
    run_ready(sample.loop);
    CHECK(calls_of_a == 0);
    CHECK(calls_of_b == 1);
}
