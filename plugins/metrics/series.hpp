// SPDX-License-Identifier: Apache-2.0
// The series that count queries and responses, all defined ahead: on the hot path there are array
// look-ups only.
#pragma once

#include <dnsloom/abi/query.h>
#include <dnsloom/host.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace loom::metrics {

/// The transports of loom_query, and one for what is none of them.
inline constexpr std::array<std::string_view, 6> protos{
    "udp", "tcp", "tls", "https", "quic", "other"};

/// The types that have a series of their own; the first stands for all others.
inline constexpr std::array<std::string_view, 20> types{
    "other", "A",  "AAAA", "ANY", "AXFR",  "CNAME", "DNSKEY", "DS",   "HTTPS", "IXFR",
    "MX",    "NS", "NSEC", "PTR", "RRSIG", "SOA",   "SRV",    "SVCB", "TLSA",  "TXT"};

/// Counters and histograms of one instance.
class Series {
public:
    /// In the plugin's constructor only.
    explicit Series(const Host& host);

    /// Counts a query that came in. [W]
    void count_request(const Host& host, const loom_query& query) const;

    /// Counts a response; `size` is its octets, 0 where there is none to be had. [W]
    void count_response(
        const Host& host, const loom_query& query, std::uint16_t rcode, std::size_t size) const;

private:
    static constexpr std::size_t families = 2;  // IPv4, IPv6
    static constexpr std::size_t rcodes = 25;   // 0..23, and one for all above.

    using ByType = std::array<Metric, types.size()>;
    std::array<std::array<ByType, families>, protos.size()> requests_;
    std::array<Metric, protos.size()> request_size_;
    std::array<Metric, protos.size()> response_size_;
    std::array<Metric, rcodes> responses_;
    Metric dnssec_ok_;
    Metric duration_;
    std::array<std::uint8_t, 258> type_index_{};  // By type up to CAA, into `types`.
};

}  // namespace loom::metrics
