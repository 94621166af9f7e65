// SPDX-License-Identifier: Apache-2.0
#include "core.hpp"

#include "option_units.hpp"

#include <dnsloom/dns/name.hpp>
#include <dnsloom/options.hpp>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace loom::harness {
namespace {

constexpr std::uint32_t scratch_max = 1024;
constexpr int rounds_max = 100'000;
constexpr std::size_t state_piece_max = 61;

std::vector<Octets> zones_of(const std::vector<std::string>& texts) {
    std::vector<Octets> zones;
    for (const auto& text : texts) {
        auto zone = parse_zone_name(text);
        if (!zone) throw std::invalid_argument{"not a zone: \"" + text + '"'};
        zones.push_back(std::move(*zone));
    }
    return zones;
}

const loom_plugin* choose(const loom_module& module, std::size_t index) {
    if (module.size < sizeof(loom_module) || index >= module.plugin_count)
        throw Misuse{"the module has no such plugin, or is not of this ABI"};
    return module.plugins[index];
}

std::string text_of(const loom_error& error, std::string_view otherwise) {
    const std::string_view text{error.text};
    return std::string{text.empty() ? otherwise : text};
}

/// Gives state in small pieces, so that a plugin which expects it in one shows.
struct StatePieces {
    std::span<const std::uint8_t> rest;

    static std::int64_t read(void* self, void* data, std::size_t size) noexcept {
        auto& rest = static_cast<StatePieces*>(self)->rest;
        const auto piece = rest.first(std::min({size, rest.size(), state_piece_max}));
        std::ranges::copy(piece, static_cast<std::uint8_t*>(data));
        rest = rest.subspan(piece.size());
        return static_cast<std::int64_t>(piece.size());
    }
};

}  // namespace

Harness::Core::Core(
    const loom_module& module, Table settings, Setup setup, Script& behind, Script& top)
    : setup_{std::move(setup)},
      plugin_{choose(module, setup_.plugin)},
      conductor_{*this, behind, top},
      options_{std::span{plugin_->options, plugin_->option_count}, settings, setup_.folder, 0} {
    check_module(module);
    if (setup_.workers == 0) throw std::invalid_argument{"a host has at least one worker"};
    options_.zones = zones_of(setup_.zones);
    fill_table();
}

Harness::Core::~Core() { destroy(); }

void Harness::Core::check_module(const loom_module& module) const {
    const bool same_abi =
        module.abi_major == LOOM_ABI_MAJOR && plugin_->abi_major == LOOM_ABI_MAJOR;
    if (!same_abi || module.abi_minor != LOOM_ABI_MINOR || plugin_->size < sizeof(loom_plugin))
        throw Misuse{"the module was built for another version of the ABI"};
    if (view(plugin_->id).empty()) throw Misuse{"the plugin has no id"};
    if (plugin_->scratch_size > scratch_max) throw Misuse{"scratch_size is above 1024"};
    if (!plugin_->create || !plugin_->destroy) throw Misuse{"create() or destroy() is missing"};
    if (!plugin_->worker_init != !plugin_->worker_fini)
        throw Misuse{"of worker_init() and worker_fini() there is but one"};
}

void Harness::Core::fill_table() {
    static_assert(std::is_standard_layout_v<HostBlock>);
    block_.core = this;
    auto& table = block_.table;
    table.size = sizeof table;
    table.abi_major = LOOM_ABI_MAJOR;
    table.abi_minor = LOOM_ABI_MINOR;
    table.product = str("dnsloom");
    table.version = str("0.0.0-harness");
    table.name = str(setup_.name);
    table.workers = setup_.workers;
    fill_calls(table);
}

Harness::Core& Harness::Core::of(const loom_host* host) {
    return *reinterpret_cast<const HostBlock*>(host)->core;
}

void Harness::Core::create() {
    for (const auto* id = plugin_->required_services; id && *id; ++id)
        if (!find_service(*id) || std::ranges::count(setup_.missing_services, *id) != 0)
            throw Refused{"this host offers no " + std::string{*id}, 0};
    loom_error error{};
    error.size = sizeof error;
    loom_status status = LOOM_OK;
    loop_.run_as(LOOM_CONTROL, [&] {
        status = plugin_->create(&block_.table, options_.handle(), &instance_, &error);
    });
    if (status != LOOM_OK) {
        instance_ = nullptr;
        life_ = Life::destroyed;
        check();
        throw Refused{text_of(error, "create() failed"), error.line};
    }
    life_ = Life::created;
    if (!instance_) misuse("create() succeeded without an instance");
    check();
}

void Harness::Core::start() {
    init_workers();
    import_warm_state();
    loom_error error{};
    error.size = sizeof error;
    loom_status status = LOOM_OK;
    if (plugin_->start)
        loop_.run_as(LOOM_CONTROL, [&] { status = plugin_->start(instance_, &error); });
    if (status != LOOM_OK) throw Refused{text_of(error, "start() failed"), error.line};
    life_ = Life::started;
    check();
}

void Harness::Core::init_workers() {
    worker_states_.resize(setup_.workers);
    for (; workers_ready_ < setup_.workers; ++workers_ready_) {
        if (!plugin_->worker_init) continue;
        loom_status status = LOOM_OK;
        loop_.run_as(workers_ready_, [&] {
            status =
                plugin_->worker_init(instance_, workers_ready_, &worker_states_[workers_ready_]);
        });
        if (status != LOOM_OK) throw Refused{"worker_init() failed", 0};
    }
}

loom_status Harness::Core::import_state(
    std::int32_t phase, std::span<const std::uint8_t> state, std::uint32_t version) {
    StatePieces pieces{state};
    const loom_source source{&pieces, StatePieces::read};
    loom_status status = LOOM_OK;
    loop_.run_as(LOOM_CONTROL, [&] {
        status = plugin_->import_state(
            instance_, phase, version != 0 ? version : plugin_->state_version, &source);
    });
    return status;
}

void Harness::Core::import_warm_state() {
    if (setup_.state.empty() || !plugin_->import_state) return;
    if (import_state(LOOM_STATE_WARM, setup_.state, setup_.state_version) == LOOM_OK) return;
    const std::lock_guard lock{mutex};
    log.push_back({LOOM_LOG_WARNING, "the state of the instance before was refused", {}});
}

void Harness::Core::stop() {
    if (life_ != Life::started) return;
    conductor_.drain();
    if (plugin_->stop) loop_.run_as(LOOM_CONTROL, [&] { plugin_->stop(instance_); });
    life_ = Life::stopped;
    run_retired();
    forget_leases();
}

void Harness::Core::forget_leases() {
    loop_.clear();
    files.clear();
    subscriptions.clear();
}

void Harness::Core::finish_workers() {
    while (workers_ready_ > 0) {
        const auto worker = --workers_ready_;
        if (!plugin_->worker_fini) continue;
        loop_.run_as(
            worker, [&] { plugin_->worker_fini(instance_, worker, worker_states_[worker]); });
    }
}

void Harness::Core::destroy() {
    if (life_ == Life::creating || life_ == Life::destroyed) return;
    stop();
    finish_workers();
    forget_leases();
    loop_.run_as(LOOM_CONTROL, [&] {
        if (instance_) plugin_->destroy(instance_);
    });
    life_ = Life::destroyed;
    run_retired();
}

// -- The rules --------------------------------------------------------------------------------------

void Harness::Core::misuse(const std::string& text) { note(std::make_exception_ptr(Misuse{text})); }

void Harness::Core::note(std::exception_ptr fault) {
    const std::lock_guard lock{fault_mutex_};
    if (!fault_) fault_ = std::move(fault);
}

std::exception_ptr Harness::Core::take_fault() {
    const std::lock_guard lock{fault_mutex_};
    return std::exchange(fault_, nullptr);
}

void Harness::Core::check() {
    if (const auto fault = take_fault()) std::rethrow_exception(fault);
}

bool Harness::Core::wrong_thread(std::string_view function, std::string_view wanted) {
    misuse(
        std::string{function} + " was called on a wrong thread; it wants " + std::string{wanted});
    return false;
}

bool Harness::Core::in_create(std::string_view function) {
    if (life_ == Life::creating) return on_control(function);
    misuse(std::string{function} + " was called outside create()");
    return false;
}

bool Harness::Core::on_control(std::string_view function) {
    if (loop_.is_own_thread() && loop_.where() == LOOM_CONTROL) return true;
    return wrong_thread(function, "the control thread");
}

bool Harness::Core::on_worker(std::string_view function) {
    if (loop_.is_own_thread() && loop_.where() < setup_.workers) return true;
    return wrong_thread(function, "a worker");
}

bool Harness::Core::on_thread(std::string_view function, std::uint32_t where) {
    const bool known = where < setup_.workers || where == LOOM_CONTROL;
    if (known && loop_.is_own_thread() && loop_.where() == where) return true;
    return wrong_thread(function, "the thread that its argument names");
}

// -- Work -------------------------------------------------------------------------------------------

std::size_t Harness::Core::run_ready() {
    std::size_t ran = 0;
    for (int round = 0; round < rounds_max; ++round) {
        const auto now = loop_.run_once() + run_retired();
        if (now == 0) return ran;
        ran += now;
    }
    misuse("the plugin posts work without end");
    return ran;
}

std::size_t Harness::Core::run_retired() {
    const auto oldest = conductor_.oldest();
    const auto safe = [&](const Retired& r) { return !oldest || *oldest >= r.before; };
    std::vector<Retired> due;
    std::ranges::copy_if(retired, std::back_inserter(due), safe);
    std::erase_if(retired, safe);
    for (const auto& r : due) loop_.run_as(LOOM_CONTROL, [&] { r.free_function(r.argument); });
    return due.size();
}

std::uint32_t Harness::Core::meta_key(std::string_view name) {
    const auto found = std::ranges::find(meta_names_, name);
    const auto index = found - meta_names_.begin();
    if (found == meta_names_.end()) meta_names_.emplace_back(name);
    return static_cast<std::uint32_t>(index + 1);
}

Octets Harness::Core::zone_of(std::span<const std::uint8_t> name) const {
    Octets longest{0};
    const auto asked = dns::NameView::from_trusted(name);
    for (const auto& zone : options_.zones)
        if (zone.size() > longest.size() &&
            asked.is_subdomain_of(dns::NameView::from_trusted(zone)))
            longest = zone;
    return longest;
}

std::string Harness::Core::absolute(std::string_view path) const {
    return (std::filesystem::path{setup_.folder} / path).lexically_normal();
}

}  // namespace loom::harness
