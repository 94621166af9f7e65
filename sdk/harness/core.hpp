// SPDX-License-Identifier: Apache-2.0
// The host around one instance: its table, its services' state, and the instance's life.
#pragma once

#include "conductor.hpp"
#include "loop.hpp"
#include "metric_store.hpp"
#include "option_tree.hpp"

#include <dnsloom/harness/harness.hpp>

#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace loom::harness {

/// How far the instance's life has come.
enum class Life : std::uint8_t { creating, created, started, stopped, destroyed };

struct HttpPage {
    loom_address address{};
    std::string path;
    loom_status (*handler)(void*, loom_http_reply*) = nullptr;
    void* argument = nullptr;
};

struct OfferedCommand {
    std::string name;
    std::string usage;
    loom_command_fn run = nullptr;
    void* argument = nullptr;
};

struct StartedCommand {
    CommandResult result;
    bool finished = false;
};

struct FileWatch {
    std::string path;
    void (*changed)(void*) = nullptr;
    void* argument = nullptr;
};

struct Subscription {
    void (*function)(void*, const loom_event*) = nullptr;
    void* argument = nullptr;
};

struct Retired {
    std::uint64_t before = 0;  ///< No query with a smaller number may be left.
    void (*free_function)(void*) = nullptr;
    void* argument = nullptr;
};

/// See Harness. Whatever a plugin does wrong is noted and thrown by the test's call that led to it:
/// nothing may unwind through the plugin.
class Harness::Core {
public:
    Core(const loom_module& module, Table settings, Setup setup, Script& behind, Script& top);
    ~Core();
    Core(const Core&) = delete;
    Core& operator=(const Core&) = delete;

    /// create(); throws Refused.
    void create();
    /// worker_init() to start(); throws Refused.
    void start();
    /// Ends all queries, then stop() to the end of all leases.
    void stop();
    /// worker_fini() and destroy(); done by the destructor otherwise.
    void destroy();

    /// The plugin has the hook. `version` 0: the plugin's own.
    loom_status
    import_state(std::int32_t phase, std::span<const std::uint8_t> state, std::uint32_t version);

    Life life() const { return life_; }
    const Setup& setup() const { return setup_; }
    const loom_plugin& plugin() const { return *plugin_; }
    loom_instance* instance() const { return instance_; }
    void* worker_state(std::uint32_t worker) const { return worker_states_[worker]; }
    const loom_host& table() const { return block_.table; }
    static Core& of(const loom_host* host);

    /// Notes the first fault. On any thread.
    void misuse(const std::string& text);
    /// The same for what a test's own function threw while the plugin was calling.
    void note(std::exception_ptr fault);
    /// Throws what was noted.
    void check();
    std::exception_ptr take_fault();
    // Each is true if `function` may be called now, and notes a misuse if not.
    bool in_create(std::string_view function);
    bool on_control(std::string_view function);
    bool on_worker(std::string_view function);
    bool on_thread(std::string_view function, std::uint32_t where);

    std::size_t run_ready();
    std::size_t run_retired();

    Loop& loop() { return loop_; }
    Conductor& conductor() { return conductor_; }
    std::uint32_t meta_key(std::string_view name);
    const std::string& meta_name(std::uint32_t key) const { return meta_names_[key - 1]; }
    bool is_meta_key(std::uint32_t key) const { return key != 0 && key <= meta_names_.size(); }
    /// The longest of the server's zones that holds the name, or the root.
    Octets zone_of(std::span<const std::uint8_t> name) const;
    /// The path as watch and path options give it.
    std::string absolute(std::string_view path) const;

    // What the services fill.
    MetricStore metrics;
    std::mutex mutex;  ///< Of the next three: any thread logs and publishes.
    std::vector<LogLine> log;
    std::int32_t log_level = LOOM_LOG_DEBUG;
    std::vector<Event> events;
    std::map<loom_handle, FileWatch> files;
    std::map<loom_handle, Subscription> subscriptions;
    std::vector<HttpPage> pages;
    std::vector<OfferedCommand> commands;
    std::map<loom_handle, StartedCommand> started_commands;
    std::vector<Retired> retired;
    loom_handle last_handle = 0x70000;

private:
    struct HostBlock {
        loom_host table{};
        Core* core = nullptr;
    };

    void check_module(const loom_module& module) const;
    void fill_table();
    bool wrong_thread(std::string_view function, std::string_view wanted);
    void init_workers();
    void import_warm_state();
    void finish_workers();
    void forget_leases();

    Setup setup_;
    const loom_plugin* plugin_;
    HostBlock block_;
    Loop loop_;
    Conductor conductor_;
    OptionTree options_;
    loom_instance* instance_ = nullptr;
    std::vector<void*> worker_states_;
    std::uint32_t workers_ready_ = 0;
    Life life_ = Life::creating;
    std::exception_ptr fault_;
    std::mutex fault_mutex_;
    std::vector<std::string> meta_names_;
};

/// The table behind a service's id, null if there is none.
const void* find_service(std::string_view id);

/// Hot calls of the table: alloc, scratch, suspend, resume, service, hash_name.
void fill_calls(loom_host& table);

}  // namespace loom::harness
