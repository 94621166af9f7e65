// SPDX-License-Identifier: Apache-2.0
// Which upstreams are down, known to all workers.
#pragma once

#include "upstream_chooser.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace loom::forward {

/// What an upstream's state became.
enum class HealthChange : std::uint8_t { none, down, on_trial, up };

/// A circuit breaker for each upstream: up, down after failures in a row, and on trial from the
/// first reply on until a few more came. One an instance, shared by its workers; nothing is written
/// while all goes well. Whoever is told to probe an upstream does so until it may stop.
class Health {
public:
    /// Replies in a row that end a trial, beside the one that began it.
    static constexpr std::uint32_t trial_replies = 4;

    explicit Health(std::uint32_t max_fails) : max_fails_{max_fails} {}

    UpstreamSet down() const { return down_.load(std::memory_order_relaxed); }
    bool is_down(std::size_t upstream) const { return (down() >> upstream & 1U) != 0; }
    /// Up, but not to be trusted yet.
    UpstreamSet on_trial() const { return on_trial_.load(std::memory_order_relaxed); }

    /// `down` if the upstream went down with this failure: the last of max_fails, or any while it is
    /// on trial.
    HealthChange fail(std::size_t upstream);
    /// `on_trial` if the upstream came up with this reply, `up` if its trial ended.
    HealthChange succeed(std::size_t upstream);

    /// True if the upstream is down and nobody probes it: the caller does from now on.
    bool begin_probing(std::size_t upstream);
    /// True if the upstream is up: the caller stops. False: it went down once more, go on.
    bool end_probing(std::size_t upstream);
    /// The caller cannot probe; the next failure looks for somebody else.
    void abandon_probing(std::size_t upstream);

    /// Lets all probing end: the instance is about to go.
    void retire() { retired_.store(true, std::memory_order_relaxed); }
    bool retired() const { return retired_.load(std::memory_order_relaxed); }

private:
    std::uint32_t max_fails_;  // 0: never down.
    std::atomic<UpstreamSet> down_{0};
    std::atomic<UpstreamSet> on_trial_{0};
    std::atomic<bool> retired_{false};
    std::array<std::atomic<std::uint32_t>, upstreams_max> failures_{};
    std::array<std::atomic<std::uint32_t>, upstreams_max> trial_left_{};
    std::array<std::atomic<bool>, upstreams_max> probed_{};
};

}  // namespace loom::forward
