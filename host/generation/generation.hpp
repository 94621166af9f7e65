// SPDX-License-Identifier: Apache-2.0
// Everything that one configuration has brought into being, swapped and drained as a whole.
#pragma once

#include "instance.hpp"
#include "../config/config.hpp"
#include "../plugin/fingerprint.hpp"
#include "../pipeline/pipeline.hpp"
#include "../pipeline/router.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace loom::host {

/// Immutable once it serves, but for what each worker counts in its own part.
class Generation {
public:
    /// A server's pipeline as instances.
    struct ServerStages {
        std::vector<Instance*> instances;
    };

    std::uint64_t number = 0;
    Config config;
    /// Of the files and plugins that it was made from: a reload that finds the same has nothing to do.
    Fingerprint fingerprint;
    std::vector<std::shared_ptr<Instance>> instances;
    std::vector<ServerStages> servers;           ///< As config.servers.
    std::vector<std::unique_ptr<Router>> routers;
    std::vector<const Router*> router_table;     ///< By listener slot.
    std::vector<WorkerGeneration> by_worker;

    /// Lays the pipelines out for every worker. After init_workers() of all instances.
    void compile(std::uint32_t workers);

    [[nodiscard]] std::shared_ptr<Instance> find_named(const std::string& name) const;
    [[nodiscard]] bool contains(const Instance* instance) const;
};

}  // namespace loom::host
