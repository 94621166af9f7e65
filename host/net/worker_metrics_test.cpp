// SPDX-License-Identifier: Apache-2.0
#include "worker_metrics.hpp"

#include "../services/metric_registry.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace loom::host;

TEST_CASE("host/worker_metrics: define: every count is a series of its own") {
    MetricRegistry registry{3};
    const WorkerMetrics m = WorkerMetrics::define(registry);
    const std::set<std::uint32_t> ids{
        m.udp_queries, m.tcp_queries, m.subqueries, m.malformed, m.not_implemented, m.bad_version,
        m.no_zone, m.timeouts, m.suspended_full, m.send_errors, m.tcp_accepted, m.tcp_refused};
    CHECK(ids.size() == 12);
    registry.add(1, m.timeouts, 3);
    CHECK(registry.value(m.timeouts) == 3);
    CHECK(registry.value(m.suspended_full) == 0);
}
