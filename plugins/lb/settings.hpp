// SPDX-License-Identifier: Apache-2.0
// What the configuration says.
#pragma once

#include "ordering.hpp"
#include "prober.hpp"
#include "weights.hpp"

#include <dnsloom/dns/ip_network.hpp>
#include <dnsloom/host.hpp>
#include <dnsloom/options.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace loom::lb {

enum class WhenDown : std::uint8_t { last, out };

struct HealthSettings {
    ProbeSettings probe;
    dns::NetworkRanks networks;
    std::size_t targets_max = 0;
    WhenDown when_down = WhenDown::last;
};

struct Settings {
    Policy policy = Policy::round_robin;
    bool sticky = false;
    unsigned ipv4_prefix = 0;  ///< Of the 128 bits of an address, as the other one.
    unsigned ipv6_prefix = 0;
    dns::NetworkRanks preferred;
    std::uint32_t client_rank = dns::NetworkRanks::none;  ///< Of the client's own network.
    std::optional<WeightTable> weights;                   ///< Those in the configuration.
    std::string weight_file;                              ///< Empty: none.
    std::optional<HealthSettings> health;

    bool prefers() const { return !preferred.empty() || client_rank != dns::NetworkRanks::none; }
};

/// Throws ConfigError. Does not read the weight file.
Settings read_settings(const Host& host, const Options& options);

}  // namespace loom::lb
