// SPDX-License-Identifier: Apache-2.0
// A server's plugins as one worker runs them: a flat array of hooks.
#pragma once

#include "../config/config.hpp"

#include <dnsloom/abi/plugin.h>
#include <dnsloom/dns/name.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace loom::host {

class Generation;
class Instance;

/// One bit a stage.
using StageMask = std::uint64_t;
inline constexpr std::size_t stages_max = 64;

/// What the loop needs of a stage, in half a cache line.
struct Stage {
    loom_verdict (*on_query)(loom_instance*, void*, loom_query*) = nullptr;
    loom_verdict (*on_response)(loom_instance*, void*, loom_query*) = nullptr;
    loom_instance* self = nullptr;
    void* worker_state = nullptr;
};

/// What it needs less often.
struct StageDetails {
    Instance* instance = nullptr;
    const loom_plugin* plugin = nullptr;
    OutcomeRules on;
    std::span<const dns::Name> fallthrough;  ///< Empty: `on` holds everywhere.
    std::uint32_t scratch_offset = 0;
};

/// The pipeline of one server on one worker.
struct Pipeline {
    std::vector<Stage> stages;
    std::vector<StageDetails> details;
    StageMask rules = 0;       ///< Stages with an outcome rule that is not `stop`.
    StageMask in_only = 0;     ///< Sources that want class IN only.
    StageMask responders = 0;  ///< Stages with a response hook.
    StageMask preparers = 0;   ///< Stages with a prepare hook.
    StageMask silent = 0;      ///< Stages without a query hook.
    std::uint32_t scratch_size = 0;
    std::uint32_t server = 0;  ///< Index in the generation.
    bool selects = false;      ///< Some plugin may leave queries to other servers.

    void add(const Stage& stage, const StageDetails& detail);
};

class Router;

/// What a worker keeps of a generation. A query pins it by counting itself.
struct WorkerGeneration {
    std::uint64_t number = 0;
    std::vector<Pipeline> pipelines;             ///< By server.
    std::span<const Router* const> routers;      ///< By listener slot; null where it has none.
    std::uint64_t in_flight = 0;                 ///< Queries that are suspended or being run.
    bool retired = false;                        ///< A newer one serves.
    Generation* owner = nullptr;
};

}  // namespace loom::host
