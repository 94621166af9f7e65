// SPDX-License-Identifier: Apache-2.0
#include "worker_metrics.hpp"

#include "../services/metric_registry.hpp"

#include <dnsloom/abi/host.h>

#include <string>
#include <utility>

namespace loom::host {

WorkerMetrics WorkerMetrics::define(MetricRegistry& registry) {
    const auto counter = [&](std::string name, std::string help, MetricLabels labels = {}) {
        return registry
            .define({LOOM_METRIC_COUNTER, std::move(name), std::move(help), std::move(labels), {}})
            .value_or(0);
    };
    WorkerMetrics m;
    const std::string queries = "dnsloom_host_queries_total";
    const std::string queries_help = "Queries taken in, by transport.";
    m.udp_queries = counter(queries, queries_help, {{"transport", "udp"}});
    m.tcp_queries = counter(queries, queries_help, {{"transport", "tcp"}});
    m.subqueries = counter("dnsloom_host_subqueries_total", "Queries asked by plugins.");
    const std::string rejected = "dnsloom_host_rejected_total";
    const std::string rejected_help = "Messages answered without a pipeline, by reason.";
    m.malformed = counter(rejected, rejected_help, {{"reason", "malformed"}});
    m.not_implemented = counter(rejected, rejected_help, {{"reason", "opcode"}});
    m.bad_version = counter(rejected, rejected_help, {{"reason", "edns_version"}});
    m.no_zone = counter(rejected, rejected_help, {{"reason", "no_zone"}});
    m.timeouts =
        counter("dnsloom_host_query_timeouts_total", "Queries that no plugin resumed in time.");
    m.suspended_full = counter(
        "dnsloom_host_suspended_full_total", "Suspensions refused: host.queries is reached.");
    m.send_errors = counter("dnsloom_host_send_errors_total", "Replies the system did not take.");
    m.tcp_accepted = counter("dnsloom_host_tcp_connections_total", "TCP connections accepted.");
    m.tcp_refused = counter(
        "dnsloom_host_tcp_refused_total", "TCP connections closed: host.tcp_connections is reached.");
    return m;
}

}  // namespace loom::host
