// SPDX-License-Identifier: Apache-2.0
#include "instance.hpp"

#include "plugin_images.hpp"
#include "../net/worker.hpp"
#include "../services/commands.hpp"
#include "../services/event_bus.hpp"
#include "../services/file_watch.hpp"
#include "../services/host_table.hpp"
#include "../services/http_pages.hpp"
#include "../services/log.hpp"
#include "../services/metric_registry.hpp"
#include "../services/publisher.hpp"
#include "../services/services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace loom::host {

namespace {

std::string error_text(const loom_error& error, loom_status status) {
    const std::string text =
        printable({error.text, ::strnlen(error.text, sizeof error.text)}, sizeof error.text);
    return text.empty() ? fmt::format("failed with status {} and no reason", status) : text;
}

// The whole state in memory: hand-over happens within a process.
constexpr std::size_t state_size_max = std::size_t{1} << 30U;

loom_status append_state(void* self, const void* data, std::size_t size) {
    auto& state = *static_cast<std::vector<std::uint8_t>*>(self);
    if (size > state_size_max - state.size()) return LOOM_E_LIMIT;
    const auto* first = static_cast<const std::uint8_t*>(data);
    state.insert(state.end(), first, first + size);
    return LOOM_OK;
}

struct StateReader {
    std::vector<std::uint8_t> state;
    std::size_t at = 0;
};

std::int64_t read_state(void* self, void* data, std::size_t size) {
    auto& reader = *static_cast<StateReader*>(self);
    const std::size_t count = std::min(size, reader.state.size() - reader.at);
    if (count != 0) std::memcpy(data, reader.state.data() + reader.at, count);
    reader.at += count;
    return static_cast<std::int64_t>(count);
}

}  // namespace

Instance::Instance(
    InstancePlan plan, std::shared_ptr<PluginImage> image, const loom_plugin& plugin,
    Services& services)
    : loom_host{}, plan_{std::move(plan)}, image_{std::move(image)}, plugin_{&plugin},
      services_{services}, worker_states_(services.worker_count),
      worker_ready_(services.worker_count) {
    fill_host_table(*this, services);
    name = {plan_.name.data(), plan_.name.size()};
}

Instance::~Instance() { end(); }

std::expected<void, std::vector<Error>> Instance::create() {
    auto checked = OptionsBlock::check(plan_.step, *plugin_, plan_.zones);
    if (!checked) return std::unexpected{std::move(checked.error())};
    options_ = std::move(*checked);
    const auto errors = services_.metrics.define(
        {LOOM_METRIC_COUNTER,
         "dnsloom_host_plugin_errors_total",
         "Errors in hooks, by plugin.",
         {{"plugin", std::string{plugin_->id.data, plugin_->id.size}}, {"server", plan_.server}},
         {}});
    error_metric_ = errors.value_or(0);
    if (errors) metric_ids.push_back(*errors);

    loom_error error{};
    error.size = sizeof error;
    const loom_status status = plugin_->create(this, options_->raw(), &self_, &error);
    options_.reset();
    plan_.zones = {};  // They may belong to a configuration that this instance outlives.
    if (status == LOOM_OK && self_) {
        phase_ = InstancePhase::created;
        return {};
    }
    self_ = nullptr;
    Place place = plan_.step.place;
    if (error.line != 0) {
        place.line = error.line;
        place.column = error.column;
    }
    return std::unexpected{std::vector{Error{
        fmt::format(
            "{}: plugin {}: {}", to_string(place), plan_.step.plugin, error_text(error, status)),
        Failure::create}}};
}

void Instance::import_from(Instance& older, std::int32_t state_phase) {
    const loom_plugin& from = older.plugin();
    if (!from.export_state || !plugin_->import_state || from.state_version == 0) return;
    StateReader reader;
    const loom_sink sink{&reader.state, append_state};
    if (from.export_state(older.self(), state_phase, &sink) != LOOM_OK || reader.state.empty())
        return;
    const loom_source source{&reader, read_state};
    const loom_status status =
        plugin_->import_state(self_, state_phase, from.state_version, &source);
    if (status != LOOM_OK) {
        services_.log.warning(
            plan_.name,
            fmt::format("state of the older instance refused (status {}): starts without it", status));
    }
}

Result<void> Instance::init_workers() {
    if (!plugin_->worker_init) return {};
    for (std::uint32_t i = 0; i < worker_states_.size(); ++i) {
        loom_status status = LOOM_OK;
        services_.workers[i]->call(
            [&] { status = plugin_->worker_init(self_, i, &worker_states_[i]); });
        if (status != LOOM_OK) {
            return std::unexpected{Error{
                fmt::format(
                    "{}: plugin {}: worker_init failed on worker {} with status {}",
                    to_string(plan_.step.place), plan_.step.plugin, i, status),
                Failure::start}};
        }
        worker_ready_[i] = true;
    }
    return {};
}

Result<void> Instance::start() {
    if (plugin_->start) {
        loom_error error{};
        error.size = sizeof error;
        const loom_status status = plugin_->start(self_, &error);
        if (status != LOOM_OK) {
            return std::unexpected{Error{
                fmt::format(
                    "{}: plugin {}: {}", to_string(plan_.step.place), plan_.step.plugin,
                    error_text(error, status)),
                Failure::start}};
        }
    }
    phase_ = InstancePhase::running;
    return {};
}

void Instance::stop() {
    const InstancePhase before = phase_;
    if (before == InstancePhase::stopped || before == InstancePhase::ended) return;
    if (before == InstancePhase::running && plugin_->stop) plugin_->stop(self_);
    phase_ = InstancePhase::stopped;
    for (const auto& worker : services_.workers)
        worker->call([&] { worker->remove_owner(this); });
    services_.control.remove_owner(this);
    services_.commands.remove_owner(this);
    services_.events.remove_owner(this);
    services_.files.remove_owner(this);
    services_.http.remove_owner(this);
    services_.publisher.finish_owner(this);
}

void Instance::end() {
    if (phase_ == InstancePhase::ended) return;
    stop();
    for (std::uint32_t i = 0; i < worker_states_.size(); ++i) {
        if (!worker_ready_[i] || !plugin_->worker_fini) continue;
        services_.workers[i]->call([&] { plugin_->worker_fini(self_, i, worker_states_[i]); });
        worker_ready_[i] = false;
    }
    if (self_) plugin_->destroy(self_);
    self_ = nullptr;
    for (const std::uint32_t id : metric_ids) services_.metrics.release(id);
    metric_ids.clear();
    phase_ = InstancePhase::ended;
}

void Instance::count_error(std::uint32_t worker) {
    errors_.fetch_add(1, std::memory_order_relaxed);
    services_.metrics.add(worker, error_metric_, 1);
    constexpr std::uint64_t interval_ns = 1'000'000'000;
    const std::uint64_t now = services_.clock.monotonic_ns();
    std::uint64_t last = error_logged_ns_.load(std::memory_order_relaxed);
    if (last != 0 && now - last < interval_ns) return;
    if (!error_logged_ns_.compare_exchange_strong(last, now)) return;
    services_.log.error(
        plan_.name, fmt::format("error in a hook: SERVFAIL ({} so far)", errors()));
}

}  // namespace loom::host
