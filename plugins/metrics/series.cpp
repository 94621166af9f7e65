// SPDX-License-Identifier: Apache-2.0
#include "series.hpp"

#include <dnsloom/dns/codes.hpp>

#include <algorithm>
#include <string>

namespace loom::metrics {
namespace {

// CoreDNS's bounds, so that its dashboards fit.
constexpr double size_bounds[] = {
    0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16000, 32000, 48000, 64000};
// From 0.25 ms on, each twice the one before.
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

std::size_t proto_index(const loom_query& query) {
    return std::min<std::size_t>(query.transport, protos.size() - 1);
}

std::string rcode_name(std::size_t rcode, std::size_t last) {
    if (rcode == last) return "other";
    return dns::rcode_to_string(static_cast<std::uint16_t>(rcode));
}

}  // namespace

Series::Series(const Host& host) {
    for (std::size_t p = 0; p < protos.size(); ++p) {
        for (std::size_t f = 0; f < families; ++f) {
            for (std::size_t t = 0; t < types.size(); ++t) {
                requests_[p][f][t] = host.counter(
                    "dnsloom_dns_requests_total",
                    "Queries of clients.",
                    {{"proto", protos[p]}, {"family", f == 0 ? "1" : "2"}, {"type", types[t]}});
            }
        }
        request_size_[p] = host.histogram(
            "dnsloom_dns_request_size_bytes",
            "Octets of a query.",
            size_bounds,
            {{"proto", protos[p]}});
        response_size_[p] = host.histogram(
            "dnsloom_dns_response_size_bytes",
            "Octets of a response without its OPT record, before truncation.",
            size_bounds,
            {{"proto", protos[p]}});
    }
    for (std::size_t r = 0; r < rcodes; ++r) {
        responses_[r] = host.counter(
            "dnsloom_dns_responses_total",
            "Responses to clients.",
            {{"rcode", rcode_name(r, rcodes - 1)}});
    }
    dnssec_ok_ = host.counter("dnsloom_dns_do_requests_total", "Queries with DNSSEC OK set.");
    duration_ = host.histogram(
        "dnsloom_dns_request_duration_seconds",
        "Time from receipt of a query to its response.",
        duration_bounds);
    for (std::size_t t = 1; t < types.size(); ++t)
        type_index_.at(dns::type_from_string(types[t]).value()) = static_cast<std::uint8_t>(t);
}

void Series::count_request(const Host& host, const loom_query& query) const {
    const std::size_t proto = proto_index(query);
    const std::size_t family = query.client->family == 4 ? 0 : 1;
    const std::size_t type = query.qtype < type_index_.size() ? type_index_[query.qtype] : 0;
    host.add(query.worker, requests_[proto][family][type]);
    host.observe(query.worker, request_size_[proto], static_cast<double>(query.wire.size));
    if ((query.flags & LOOM_QUERY_DO) != 0) host.add(query.worker, dnssec_ok_);
}

void Series::count_response(
    const Host& host, const loom_query& query, std::uint16_t rcode, std::size_t size) const {
    host.add(query.worker, responses_[std::min<std::size_t>(rcode, rcodes - 1)]);
    if (size != 0)
        host.observe(query.worker, response_size_[proto_index(query)], static_cast<double>(size));
    host.observe(
        query.worker, duration_, static_cast<double>(query.now_ns - query.received_ns) * 1e-9);
}

}  // namespace loom::metrics
