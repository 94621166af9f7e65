// SPDX-License-Identifier: Apache-2.0
// What the configuration says.
#pragma once

#include "endpoint.hpp"
#include "options.hpp"
#include "upstream_chooser.hpp"

#include <dnsloom/options.hpp>

#include <chrono>
#include <cstdint>
#include <vector>

namespace loom::forward {

struct Settings {
    std::vector<Endpoint> to;
    Policy policy = Policy::random;
    bool force_tcp = false;
    bool prefer_udp = true;
    std::uint32_t max_fails = 2;
    std::chrono::nanoseconds health_check{};
    std::vector<std::uint8_t> health_check_domain;
    std::chrono::nanoseconds read_timeout{};
    std::chrono::nanoseconds expire{};
    std::uint64_t max_concurrent = 0;

    /// Throws ConfigError.
    explicit Settings(const Options& options);

    /// Whether upstreams are ever taken out.
    bool checks_health() const { return max_fails != 0 && health_check.count() != 0; }
};

}  // namespace loom::forward
