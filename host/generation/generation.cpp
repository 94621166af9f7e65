// SPDX-License-Identifier: Apache-2.0
#include "generation.hpp"

#include <algorithm>

namespace loom::host {

void Generation::compile(std::uint32_t workers) {
    by_worker.resize(workers);
    for (std::uint32_t worker = 0; worker < workers; ++worker) {
        WorkerGeneration& part = by_worker[worker];
        part.number = number;
        part.routers = router_table;
        part.owner = this;
        for (std::size_t i = 0; i < servers.size(); ++i) {
            Pipeline& pipeline = part.pipelines.emplace_back();
            pipeline.server = static_cast<std::uint32_t>(i);
            for (std::size_t step = 0; step < servers[i].instances.size(); ++step) {
                Instance* instance = servers[i].instances[step];
                const StepConfig& config_step = config.servers[i].pipeline[step];
                const loom_plugin& plugin = instance->plugin();
                pipeline.add(
                    {plugin.on_query, plugin.on_response, instance->self(),
                     instance->worker_state(worker)},
                    {instance, &plugin, config_step.on, config_step.fallthrough, 0});
            }
        }
    }
}

std::shared_ptr<Instance> Generation::find_named(const std::string& name) const {
    const auto found = std::ranges::find_if(
        instances, [&](const auto& instance) { return instance->plan().name == name; });
    return found != instances.end() ? *found : nullptr;
}

bool Generation::contains(const Instance* instance) const {
    return std::ranges::any_of(
        instances, [&](const auto& candidate) { return candidate.get() == instance; });
}

}  // namespace loom::host
