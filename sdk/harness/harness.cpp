// SPDX-License-Identifier: Apache-2.0
#include "core.hpp"
#include "http_pages.hpp"
#include "plugin_commands.hpp"

#include <dnsloom/options.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace loom::harness {
namespace {

using Nanoseconds = std::chrono::nanoseconds;

void check_started(const Harness::Core& core) {
    if (core.life() != Life::started) throw std::logic_error{"the instance was stopped"};
}

/// A fault that shows only in the end cannot be thrown any more, and must not be overlooked.
void die_of(const std::exception_ptr& fault) noexcept {
    const char* text = "a fault";
    try {
        std::rethrow_exception(fault);
    } catch (const std::exception& e) {
        text = e.what();
        std::fprintf(stderr, "harness: while the instance ended: %s\n", text);
    } catch (...) {
        std::fprintf(stderr, "harness: while the instance ended: %s\n", text);
    }
    std::abort();
}

loom_status append(void* self, const void* data, std::size_t size) noexcept {
    auto& octets = *static_cast<std::vector<std::uint8_t>*>(self);
    const auto* first = static_cast<const std::uint8_t*>(data);
    octets.insert(octets.end(), first, first + size);
    return LOOM_OK;
}

}  // namespace

Harness::Harness(const loom_module& module, Table settings, Setup setup)
    : core_{std::make_unique<Core>(module, std::move(settings), std::move(setup), behind, top)} {
    core_->create();
    core_->start();
}

Harness::~Harness() {
    core_->destroy();
    const auto fault = core_->take_fault();
    if (fault && std::uncaught_exceptions() == 0) die_of(fault);
}

std::string Harness::refusal(const loom_module& module, Table settings, Setup setup) {
    Script nobody;
    try {
        Core core{module, std::move(settings), std::move(setup), nobody, nobody};
        core.create();
        core.destroy();
        core.check();
    } catch (const Refused& refused) {
        return refused.what();
    }
    return {};
}

// -- Queries ----------------------------------------------------------------------------------------

Answer Harness::ask(const Question& question) {
    const auto flight = send(question);
    run_ready();
    return result(*flight);
}

std::shared_ptr<Flight> Harness::send(const Question& question) {
    check_started(*core_);
    auto data = question.data();
    if (data.worker >= core_->setup().workers)
        throw std::invalid_argument{"the question names a worker that does not exist"};
    if (data.zone.empty()) data.zone = core_->zone_of(data.name);
    auto flight = core_->conductor().send(data);
    core_->check();
    return flight;
}

Answer Harness::result(const Flight& flight) const { return flight.answer; }

// -- Time and the loop ------------------------------------------------------------------------------

void Harness::advance(Nanoseconds step) {
    if (step.count() < 0) throw std::invalid_argument{"the clock does not go backwards"};
    auto& loop = core_->loop();
    const auto end = loop.now_ns() + static_cast<std::uint64_t>(step.count());
    core_->run_ready();
    while (loop.fire_next(end)) {
        core_->run_ready();
        core_->check();
    }
    core_->run_ready();
    core_->check();
}

std::size_t Harness::run_ready(std::chrono::milliseconds wait) {
    auto ran = core_->run_ready();
    if (ran == 0 && wait.count() > 0 && core_->loop().watch_count() != 0) {
        core_->loop().wait(wait);
        ran = core_->run_ready();
    }
    core_->check();
    return ran;
}

bool Harness::run_until(const std::function<bool()>& done, std::chrono::milliseconds limit) {
    while (!done())
        if (run_ready(limit) == 0) return done();
    return true;
}

Nanoseconds Harness::monotonic() const { return Nanoseconds{core_->loop().now_ns()}; }
Nanoseconds Harness::realtime() const { return Nanoseconds{core_->loop().realtime_ns()}; }
void Harness::set_realtime(Nanoseconds since_1970) {
    core_->loop().set_realtime_ns(static_cast<std::uint64_t>(since_1970.count()));
}
std::size_t Harness::timer_count() const { return core_->loop().timer_count(); }
std::size_t Harness::watched_descriptor_count() const { return core_->loop().watch_count(); }
std::size_t Harness::suspended_count() const { return core_->conductor().suspended_count(); }

// -- What the plugin told the host ------------------------------------------------------------------

void Harness::set_log_level(std::int32_t level) { core_->log_level = level; }
const std::vector<LogLine>& Harness::log() const { return core_->log; }
bool Harness::logged(std::string_view text) const {
    return std::ranges::any_of(
        core_->log, [&](const LogLine& line) { return line.message.contains(text); });
}

namespace {

const Series&
find_series(const MetricStore& metrics, std::string_view name, const LabelSet& labels) {
    if (const auto* series = metrics.find(name, labels)) return *series;
    throw std::out_of_range{
        "no metric " + std::string{name} + " with these labels; there are: " + metrics.names()};
}

}  // namespace

double Harness::metric(std::string_view name, const LabelSet& labels) const {
    return find_series(core_->metrics, name, labels).value;
}
const Histogram& Harness::histogram(std::string_view name, const LabelSet& labels) const {
    return find_series(core_->metrics, name, labels).histogram;
}
bool Harness::has_metric(std::string_view name, const LabelSet& labels) const {
    return core_->metrics.find(name, labels) != nullptr;
}
std::string Harness::metrics_text() const { return core_->metrics.render(); }

const std::vector<Event>& Harness::events() const { return core_->events; }
std::size_t Harness::retired_count() const { return core_->retired.size(); }

// -- What the world tells the plugin ----------------------------------------------------------------

bool Harness::change_file(std::string_view path) {
    const auto changed = core_->absolute(path);
    const auto watches = core_->files;  // A copy: what runs may watch others.
    bool watched = false;
    for (const auto& [handle, watch] : watches) {
        if (watch.path != changed || !core_->files.contains(handle)) continue;
        watched = true;
        core_->loop().run_as(LOOM_CONTROL, [&watch = watch] { watch.changed(watch.argument); });
    }
    run_ready();
    return watched;
}

std::vector<std::string> Harness::watched_files() const {
    std::vector<std::string> paths;
    for (const auto& [handle, watch] : core_->files) paths.push_back(watch.path);
    return paths;
}

void Harness::emit(std::int32_t kind, std::string_view name) {
    const auto octets = lower(name_from_text(name));
    const loom_event event{sizeof event, kind, bytes(octets)};
    const auto subscriptions = core_->subscriptions;
    for (const auto& [handle, subscription] : subscriptions) {
        if (!core_->subscriptions.contains(handle)) continue;
        core_->loop().run_as(
            LOOM_CONTROL, [&event, &to = subscription] { to.function(to.argument, &event); });
    }
    run_ready();
}

CommandResult Harness::command(std::string_view name, const std::vector<std::string>& words) {
    const auto reply = start_command(*core_, name, words);
    run_ready();
    core_->check();
    return take_result(*core_, reply);
}

HttpReply Harness::http(std::string_view path, std::string_view address) {
    auto reply = get_page(*core_, path, address);
    core_->check();
    return reply;
}

// -- State and the plugin itself --------------------------------------------------------------------

std::vector<std::uint8_t> Harness::export_state(std::int32_t phase) {
    if (!core_->plugin().export_state) throw std::runtime_error{"there is no export_state()"};
    std::vector<std::uint8_t> state;
    const loom_sink sink{&state, append};
    loom_status status = LOOM_OK;
    core_->loop().run_as(LOOM_CONTROL, [&] {
        status = core_->plugin().export_state(core_->instance(), phase, &sink);
    });
    core_->check();
    if (status != LOOM_OK)
        throw std::runtime_error{"export_state() failed with " + std::to_string(status)};
    return state;
}

loom_status Harness::import_state(
    std::int32_t phase, std::span<const std::uint8_t> state, std::uint32_t state_version) {
    if (!core_->plugin().import_state) throw std::runtime_error{"there is no import_state()"};
    const auto status = core_->import_state(phase, state, state_version);
    core_->check();
    return status;
}

void Harness::stop() {
    core_->stop();
    core_->check();
}

const loom_plugin& Harness::plugin() const { return core_->plugin(); }
loom_instance* Harness::instance() const { return core_->instance(); }
const loom_host& Harness::host() const { return core_->table(); }

const void* Harness::extension(const char* id) const {
    if (!core_->plugin().extension) return nullptr;
    const void* table = nullptr;
    core_->loop().run_as(
        LOOM_CONTROL, [&] { table = core_->plugin().extension(core_->instance(), id); });
    core_->check();
    return table;
}

std::uint32_t Harness::meta_key(std::string_view name) { return core_->meta_key(name); }

}  // namespace loom::harness
