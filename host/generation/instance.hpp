// SPDX-License-Identifier: Apache-2.0
// One configured plugin: its code, what create() made, and what it holds of the host.
#pragma once

#include "../config/config.hpp"
#include "../config/options.hpp"
#include "../plugin/fingerprint.hpp"

#include <dnsloom/abi/plugin.h>

#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace loom::host {

struct PluginImage;
struct Services;

/// Where an instance is in its life.
enum class InstancePhase : std::uint8_t {
    loaded,   ///< create() has not run.
    created,
    running,  ///< start() has succeeded.
    stopped,  ///< stop() was called: registrations are gone, hooks run no more.
    ended     ///< destroy() was called.
};

/// What an instance is made from.
struct InstancePlan {
    std::string name;            ///< "SERVER/PLUGIN" or "SERVER/PLUGIN#2"; unique in a generation.
    Fingerprint identity;        ///< Same after a reload: the instance is unchanged.
    std::string server;          ///< Name of its server: the label of its metrics.
    std::uint32_t server_index = 0;
    StepConfig step;
    ZoneNames zones;
};

/// The loom_host table that its plugin gets is its base, so that a loom_host* is an Instance*.
/// Hooks run on workers; everything else on the control thread, but for what says otherwise.
class Instance : public loom_host {
public:
    Instance(InstancePlan plan, std::shared_ptr<PluginImage> image, const loom_plugin& plugin,
             Services& services);
    ~Instance();
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    const InstancePlan& plan() const { return plan_; }
    const loom_plugin& plugin() const { return *plugin_; }
    Services& services() const { return services_; }
    loom_instance* self() const { return self_; }
    InstancePhase phase() const { return phase_.load(std::memory_order_acquire); }
    void* worker_state(std::uint32_t worker) const { return worker_states_[worker]; }

    /// Checks the options and calls create(). The errors begin with their place.
    [[nodiscard]] std::expected<void, std::vector<Error>> create();
    /// Takes over what an older instance of the same plugin exports; what goes wrong is logged.
    void import_from(Instance& older, std::int32_t state_phase);
    /// worker_init() on every worker; undone where one fails.
    [[nodiscard]] Result<void> init_workers();
    [[nodiscard]] Result<void> start();
    /// Calls stop() and ends what is registered. No query of its generations may be left.
    void stop();
    /// Whether work that it has given away still runs; its code must stay until then.
    bool has_work() const { return posted.load(std::memory_order_acquire) != 0; }
    /// worker_fini() on every worker and destroy(); from any phase.
    void end();
    /// Gives up the code. After end().
    std::shared_ptr<PluginImage> take_image() { return std::move(image_); }
    const PluginImage& image() const { return *image_; }

    /// An error in a hook: counted, and logged once a second. [W]
    void count_error(std::uint32_t worker);
    std::uint64_t errors() const { return errors_.load(std::memory_order_relaxed); }

    std::vector<std::uint32_t> metric_ids;  ///< Series that it has defined. [C, create]
    /// Calls that other threads have posted for it and that have not run yet. [A]
    std::atomic<std::uint32_t> posted{0};

private:
    InstancePlan plan_;
    std::shared_ptr<PluginImage> image_;
    const loom_plugin* plugin_;
    Services& services_;
    loom_instance* self_ = nullptr;
    std::unique_ptr<OptionsBlock> options_;
    std::vector<void*> worker_states_;
    std::vector<bool> worker_ready_;
    std::atomic<InstancePhase> phase_{InstancePhase::loaded};
    std::atomic<std::uint64_t> errors_{0};
    std::atomic<std::uint64_t> error_logged_ns_{0};
    std::uint32_t error_metric_ = 0;
};

inline const Instance& instance_of(const loom_host* host) {
    return *static_cast<const Instance*>(host);
}
/// The host's table is const for plugins only.
inline Instance& mutable_instance_of(const loom_host* host) {
    return const_cast<Instance&>(instance_of(host));  // NOLINT(*-const-cast)
}

}  // namespace loom::host
