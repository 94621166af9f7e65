// SPDX-License-Identifier: Apache-2.0
// The services of a process for tests: everything runs on the thread of the test.
#pragma once

#include "../generation/instance.hpp"
#include "../generation/plugin_images.hpp"
#include "../net/worker.hpp"
#include "../pipeline/sample_query.hpp"
#include "background_pool.hpp"
#include "commands.hpp"
#include "event_bus.hpp"
#include "file_watch.hpp"
#include "http_pages.hpp"
#include "log.hpp"
#include "meta_keys.hpp"
#include "metric_registry.hpp"
#include "publisher.hpp"
#include "services.hpp"

#include <boost/asio/io_context.hpp>

#include <fcntl.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace loom::host {

/// Runs what is ready on `loop`, and what becomes ready, until `condition` holds. False after a time
/// that no working test needs.
template <class Condition>
bool run_until(EventLoop& loop, Condition condition) {
    using namespace std::chrono_literals;
    const EventLoop::Here here{loop};
    const auto limit = std::chrono::steady_clock::now() + 20s;
    loop.context().restart();
    while (!condition()) {
        if (std::chrono::steady_clock::now() > limit) return false;
        if (loop.context().stopped()) loop.context().restart();
        loop.context().run_one_for(20ms);
    }
    return true;
}

/// Runs what is ready now.
inline void run_ready(EventLoop& loop) {
    const EventLoop::Here here{loop};
    loop.context().restart();
    loop.context().poll();
}

struct SampleServices {
    explicit SampleServices(std::uint32_t worker_count = 1) {
        services.worker_count = worker_count;
        const WorkerMetrics series = WorkerMetrics::define(metrics);
        for (std::uint32_t i = 0; i < worker_count; ++i)
            workers.push_back(std::make_unique<Worker>(i, services, series));
    }
    ~SampleServices() {
        // Instances would wait for workers that have no threads.
        workers.clear();
        instances.clear();
    }
    SampleServices(const SampleServices&) = delete;
    SampleServices& operator=(const SampleServices&) = delete;

    /// An instance of `plugin` that was not created: its number of errors can be asked.
    Instance& instance(const loom_plugin& plugin, std::string name = "sample/fake") {
        InstancePlan plan;
        plan.name = std::move(name);
        plan.server = "sample";
        instances.push_back(std::make_unique<Instance>(std::move(plan), nullptr, plugin, services));
        return *instances.back();
    }

    Clock clock;
    Log log{clock, ::open("/dev/null", O_WRONLY | O_CLOEXEC)};
    MetricRegistry metrics{3};
    MetaKeys meta_keys;
    EventLoop control{LOOM_CONTROL, clock};
    std::vector<std::unique_ptr<Worker>> workers;
    Commands commands;
    EventBus events{control};
    FileWatch files{control};
    HttpPages http{control};
    Publisher publisher{control, workers};
    BackgroundPool background;
    Services services{
        clock,
        sample_key,
        log,
        metrics,
        meta_keys,
        control,
        workers,
        commands,
        events,
        files,
        http,
        publisher,
        background};
    std::vector<std::unique_ptr<Instance>> instances;
};

}  // namespace loom::host
