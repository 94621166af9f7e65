// SPDX-License-Identifier: Apache-2.0
// What the configuration says.
#pragma once

#include "endpoint.hpp"
#include "options.hpp"
#include "query_options.hpp"
#include "tls_context.hpp"
#include "upstream_chooser.hpp"

#include <dnsloom/options.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

namespace loom::forward {

/// An entry of `to` whose addresses are found at run time.
struct AddressSource {
    std::string host;  ///< To look up; empty: `file` is to be read.
    std::string file;
    std::uint16_t port = 0;
    std::size_t first = 0;  ///< Of the upstreams in `to` that it is good for, and how many.
    std::size_t count = 0;
};

struct Settings {
    std::vector<Endpoint> to;
    std::vector<AddressSource> sources;  ///< Refer to `to`.
    std::vector<loom_address> bootstrap;
    Policy policy = Policy::random;
    bool force_tcp = false;
    bool prefer_udp = true;
    std::uint32_t max_fails = 2;
    std::chrono::nanoseconds health_check{};
    std::vector<std::uint8_t> health_check_domain;
    bool probes_recurse = true;
    std::uint8_t attempts = 0;  ///< For one query; 0: two for each upstream.
    std::chrono::nanoseconds read_timeout{};
    std::chrono::nanoseconds expire{};
    std::chrono::nanoseconds max_age{};
    std::uint64_t max_concurrent = 0;
    bool failfast = true;
    std::uint32_t failover = 0;  ///< Bit i: RCODE i.
    std::uint32_t hedge = 0;     ///< Percent.
    SubnetRule subnet;
    bool cookies = true;
    bool case_randomization = false;
    TlsFiles tls_files;

    /// Throws ConfigError.
    explicit Settings(const Options& options);

    bool uses_tls() const { return std::ranges::any_of(to, &Endpoint::is_encrypted); }
    bool fails_over(std::uint16_t rcode) const {
        return rcode < 32 && (failover >> rcode & 1U) != 0;
    }
    /// Whether upstreams are ever taken out.
    bool checks_health() const { return max_fails != 0 && health_check.count() != 0; }
};

}  // namespace loom::forward
