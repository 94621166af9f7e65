// SPDX-License-Identifier: Apache-2.0
#include "../config/value.hpp"
#include "../services/sample_services.hpp"
#include "instance.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <string>

using namespace loom::host;

namespace {

// What the hooks of the plugin below do and have done; hooks have no other way to their test.
struct Script {
    std::string trace;
    loom_status create_status = LOOM_OK;
    loom_status worker_status = LOOM_OK;
    std::uint32_t failing_worker = UINT32_MAX;
    loom_status start_status = LOOM_OK;
    std::uint32_t error_line = 0;
    std::string state;
    loom_status import_status = LOOM_OK;
};
Script* script = nullptr;

loom_status fail(loom_status status, loom_error* error) {
    if (status == LOOM_OK || !error) return status;
    error->line = script->error_line;
    error->column = script->error_line != 0 ? 5 : 0;
    std::strcpy(error->text, "say so");
    return status;
}

loom_plugin make_plugin() {
    loom_plugin plugin{};
    plugin.size = sizeof plugin;
    plugin.state_version = 3;
    plugin.id = {"fake", 4};
    plugin.create =
        [](const loom_host*, const loom_options*, loom_instance** out, loom_error* error) {
            script->trace += "create ";
            *out = reinterpret_cast<loom_instance*>(script);
            return fail(script->create_status, error);
        };
    plugin.destroy = [](loom_instance* self) {
        CHECK(self == reinterpret_cast<loom_instance*>(script));
        script->trace += "destroy ";
    };
    plugin.worker_init = [](loom_instance*, std::uint32_t worker, void** state) {
        CHECK(EventLoop::current() != nullptr);
        if (worker == script->failing_worker) return script->worker_status;
        script->trace += "init" + std::to_string(worker) + ' ';
        *state = reinterpret_cast<void*>(std::uintptr_t{worker} + 100);
        return loom_status{LOOM_OK};
    };
    plugin.worker_fini = [](loom_instance*, std::uint32_t worker, void* state) {
        CHECK(state == reinterpret_cast<void*>(std::uintptr_t{worker} + 100));
        script->trace += "fini" + std::to_string(worker) + ' ';
    };
    plugin.start = [](loom_instance*, loom_error* error) {
        script->trace += "start ";
        return fail(script->start_status, error);
    };
    plugin.stop = [](loom_instance*) { script->trace += "stop "; };
    plugin.export_state = [](loom_instance*, std::int32_t phase, const loom_sink* sink) {
        CHECK(phase == LOOM_STATE_WARM);
        // In two parts.
        const std::size_t half = script->state.size() / 2;
        if (const auto status = sink->write(sink->self, script->state.data(), half);
            status != LOOM_OK)
            return status;
        return sink->write(sink->self, script->state.data() + half, script->state.size() - half);
    };
    plugin.import_state =
        [](loom_instance*, std::int32_t phase, std::uint32_t version, const loom_source* source) {
            CHECK(phase == LOOM_STATE_WARM);
            CHECK(version == 3);
            script->trace += "import(";
            char room[3];
            for (std::int64_t count = 0;
                 (count = source->read(source->self, room, sizeof room)) > 0;)
                script->trace.append(room, static_cast<std::size_t>(count));
            script->trace += ") ";
            return script->import_status;
        };
    return plugin;
}

class Sample {
public:
    explicit Sample(std::uint32_t workers = 2) : host{workers} {
        script = &its_script;
        for (const auto& worker : host.workers) worker->start_thread();
    }
    ~Sample() {
        host.instances.clear();
        for (const auto& worker : host.workers) {
            worker->stop();
            worker->join();
        }
        script = nullptr;
    }
    Sample(const Sample&) = delete;
    Sample& operator=(const Sample&) = delete;

    Instance& make() {
        InstancePlan plan;
        plan.name = "main/fake";
        plan.server = "main";
        plan.step.plugin = "fake";
        plan.step.place.file = std::make_shared<const std::string>("dnsloom.toml");
        plan.step.place.line = 14;
        plan.step.place.column = 3;
        plan.step.options = std::make_shared<const Table>();
        host.instances.push_back(
            std::make_unique<Instance>(std::move(plan), nullptr, plugin, host.services));
        return *host.instances.back();
    }

    Script its_script;
    loom_plugin plugin = make_plugin();
    SampleServices host;
};

}  // namespace

TEST_CASE("host/instance: life: goes through all steps in order") {
    Sample sample;
    Instance& instance = sample.make();
    CHECK(instance.phase() == InstancePhase::loaded);
    REQUIRE(instance.create());
    CHECK(instance.phase() == InstancePhase::created);
    REQUIRE(instance.init_workers());
    REQUIRE(instance.start());
    CHECK(instance.phase() == InstancePhase::running);
    instance.stop();
    CHECK(instance.phase() == InstancePhase::stopped);
    instance.end();
    CHECK(instance.phase() == InstancePhase::ended);
    CHECK(script->trace == "create init0 init1 start stop fini0 fini1 destroy ");
}

TEST_CASE("host/instance: end: stops first, and does everything once") {
    Sample sample;
    Instance& instance = sample.make();
    REQUIRE(instance.create());
    REQUIRE(instance.init_workers());
    REQUIRE(instance.start());
    instance.end();
    instance.end();
    instance.stop();
    CHECK(script->trace == "create init0 init1 start stop fini0 fini1 destroy ");
}

TEST_CASE("host/instance: end: before start() does not call stop()") {
    Sample sample;
    Instance& instance = sample.make();
    REQUIRE(instance.create());
    instance.end();
    CHECK(script->trace == "create destroy ");
}

TEST_CASE("host/instance: end: before create() calls nothing") {
    Sample sample;
    sample.make().end();
    CHECK(script->trace.empty());
}

TEST_CASE("host/instance: create: its error has the place of the step") {
    Sample sample;
    sample.its_script.create_status = LOOM_E_CONFIG;
    Instance& instance = sample.make();
    const auto created = instance.create();
    REQUIRE_FALSE(created);
    REQUIRE(created.error().size() == 1);
    CHECK(created.error()[0].text == "dnsloom.toml:14:3: plugin fake: say so");
    instance.end();
    CHECK(script->trace == "create ");
}

TEST_CASE("host/instance: create: the plugin may know the place better") {
    Sample sample;
    sample.its_script.create_status = LOOM_E_CONFIG;
    sample.its_script.error_line = 17;
    const auto created = sample.make().create();
    REQUIRE_FALSE(created);
    CHECK(created.error()[0].text == "dnsloom.toml:17:5: plugin fake: say so");
}

TEST_CASE("host/instance: init_workers: a failing worker undoes those before it") {
    Sample sample;
    sample.its_script.failing_worker = 1;
    sample.its_script.worker_status = LOOM_E_MEMORY;
    Instance& instance = sample.make();
    REQUIRE(instance.create());
    CHECK_FALSE(instance.init_workers());
    instance.end();
    CHECK(script->trace == "create init0 fini0 destroy ");
}

TEST_CASE("host/instance: start: its error has the place, and stop() is not called") {
    Sample sample;
    sample.its_script.start_status = LOOM_E_IO;
    Instance& instance = sample.make();
    REQUIRE(instance.create());
    REQUIRE(instance.init_workers());
    const auto started = instance.start();
    REQUIRE_FALSE(started);
    CHECK(started.error().text == "dnsloom.toml:14:3: plugin fake: say so");
    instance.end();
    CHECK(script->trace == "create init0 init1 start fini0 fini1 destroy ");
}

TEST_CASE("host/instance: import_from: hands the older one's state over whole") {
    Sample sample;
    sample.its_script.state = "the whole state";
    Instance& older = sample.make();
    Instance& newer = sample.make();
    REQUIRE(older.create());
    REQUIRE(newer.create());
    script->trace.clear();
    newer.import_from(older, LOOM_STATE_WARM);
    CHECK(script->trace == "import(the whole state) ");
}

TEST_CASE("host/instance: import_from: nothing where there is no state") {
    Sample sample;
    Instance& older = sample.make();
    Instance& newer = sample.make();
    REQUIRE(older.create());
    REQUIRE(newer.create());
    script->trace.clear();
    newer.import_from(older, LOOM_STATE_WARM);
    CHECK(script->trace.empty());
}

TEST_CASE("host/instance: stop: ends what is registered with the host") {
    Sample sample;
    Instance& instance = sample.make();
    REQUIRE(instance.create());
    constexpr std::uint64_t hour = 3'600'000'000'000;
    int calls = 0;
    const auto count = [](void* arg) { ++*static_cast<int*>(arg); };
    sample.host.control.add_timer(hour, count, &calls, &instance);
    sample.host.workers[0]->call(
        [&] { sample.host.workers[0]->add_timer(hour, count, &calls, &instance); });
    sample.host.publisher.retire(&instance, count, &calls);
    instance.stop();
    CHECK(calls == 1);  // What was retired is freed.
    sample.host.clock.advance(2 * hour);
    sample.host.control.clock_moved();
    sample.host.workers[0]->clock_moved();
    run_ready(sample.host.control);
    sample.host.workers[0]->call([] {});
    CHECK(calls == 1);
}

TEST_CASE("host/instance: its metrics: go with the last instance that has them") {
    Sample sample;
    Instance& older = sample.make();
    Instance& newer = sample.make();
    REQUIRE(older.create());
    REQUIRE(newer.create());
    const auto is_rendered = [&] {
        return sample.host.metrics.render().find("dnsloom_host_plugin_errors_total") !=
               std::string::npos;
    };
    older.count_error(0);
    older.end();
    CHECK(
        sample.host.metrics.render().find(
            "dnsloom_host_plugin_errors_total{plugin=\"fake\",server=\"main\"} 1\n") !=
        std::string::npos);
    newer.end();
    CHECK_FALSE(is_rendered());
}
