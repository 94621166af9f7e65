// SPDX-License-Identifier: Apache-2.0
// What workers count of themselves.
#pragma once

#include <cstdint>

namespace loom::host {

class MetricRegistry;

/// Ids of the host's own series; the cells are the workers'.
struct WorkerMetrics {
    std::uint32_t udp_queries = 0;
    std::uint32_t tcp_queries = 0;
    std::uint32_t subqueries = 0;
    std::uint32_t malformed = 0;
    std::uint32_t not_implemented = 0;
    std::uint32_t bad_version = 0;
    std::uint32_t no_zone = 0;
    std::uint32_t timeouts = 0;
    std::uint32_t suspended_full = 0;
    std::uint32_t send_errors = 0;
    std::uint32_t tcp_accepted = 0;
    std::uint32_t tcp_refused = 0;

    static WorkerMetrics define(MetricRegistry& registry);
};

}  // namespace loom::host
