// SPDX-License-Identifier: Apache-2.0
#include "forward_metrics.hpp"

#include <dnsloom/dns/codes.hpp>

#include <algorithm>
#include <string>

namespace loom::forward {
namespace {

constexpr double duration_bounds[] = {
    0.00025,
    0.0005,
    0.001,
    0.002,
    0.004,
    0.008,
    0.016,
    0.032,
    0.064,
    0.128,
    0.256,
    0.512,
    1.024,
    2.048,
    4.096,
    8.192};

Metric define_ignored(const Host& host, std::string_view reason) {
    return host.counter(
        "dnsloom_forward_ignored_replies_total",
        "Packets from upstreams that were not the reply to any query.",
        {{"reason", reason}});
}

}  // namespace

ForwardMetrics::UpstreamMetrics ForwardMetrics::define(const Host& host, const Endpoint& endpoint) {
    const auto& to = endpoint.text;
    UpstreamMetrics metrics{
        .requests = host.counter(
            "dnsloom_forward_requests_total", "Queries sent to an upstream.", {{"to", to}}),
        .duration = host.histogram(
            "dnsloom_forward_request_duration_seconds",
            "Time from sending a query to its reply.",
            duration_bounds,
            {{"to", to}}),
        .health_check_failures = host.counter(
            "dnsloom_forward_healthcheck_failures_total", "Probes that failed.", {{"to", to}}),
        .up = host.gauge(
            "dnsloom_forward_upstream_up", "1 while an upstream is not down.", {{"to", to}}),
        .hedges = host.counter(
            "dnsloom_forward_hedges_total",
            "Queries sent to an upstream because another was slow.",
            {{"to", to}}),
        .responses = {},
        .handshakes = {}};
    for (std::size_t i = 0; i < rcodes; ++i) {
        const auto rcode =
            i + 1 < rcodes ? dns::rcode_to_string(static_cast<std::uint16_t>(i)) : "other";
        metrics.responses[i] = host.counter(
            "dnsloom_forward_responses_total",
            "Replies taken from an upstream.",
            {{"to", to}, {"rcode", rcode}});
    }
    if (!endpoint.is_encrypted()) return metrics;
    constexpr std::array<std::string_view, handshake_results> results{
        "full", "resumed", "certificate", "failed"};
    for (std::size_t i = 0; i < handshake_results; ++i)
        metrics.handshakes[i] = host.counter(
            "dnsloom_forward_tls_handshakes_total",
            "TLS handshakes with an upstream, by how they ended.",
            {{"to", to}, {"result", results[i]}});
    return metrics;
}

ForwardMetrics::ForwardMetrics(const Host& host, const Settings& settings)
    : host_{host},
      broken_{host.counter(
          "dnsloom_forward_healthcheck_broken_total",
          "Attempts made while all upstreams were down.")},
      rejects_{host.counter(
          "dnsloom_forward_max_concurrent_rejects_total",
          "Queries that failed because max_concurrent was reached.")},
      failed_fast_{host.counter(
          "dnsloom_forward_failfast_total",
          "Queries that failed at once because all upstreams were down.")},
      ignored_{
          define_ignored(host, "malformed"),
          define_ignored(host, "unknown_id"),
          define_ignored(host, "wrong_question"),
          define_ignored(host, "wrong_case"),
          define_ignored(host, "wrong_cookie"),
          define_ignored(host, "no_cookie"),
          define_ignored(host, "wrong_subnet")} {
    for (const auto& endpoint : settings.to) upstreams_.push_back(define(host, endpoint));
}

void ForwardMetrics::response(
    std::uint32_t worker, std::size_t upstream, std::uint16_t rcode, double seconds) const {
    const auto& metrics = upstreams_[upstream];
    host_.add(worker, metrics.responses[std::min<std::size_t>(rcode, rcodes - 1)]);
    host_.observe(worker, metrics.duration, seconds);
}

}  // namespace loom::forward
