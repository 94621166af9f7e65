// SPDX-License-Identifier: Apache-2.0
// Which upstream is asked next.
#pragma once

#include "random_ids.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace loom::forward {

enum class Policy : std::uint8_t { random, round_robin, sequential, least_latency };

/// With several for a name that has several addresses.
inline constexpr std::size_t upstreams_max = 30;

/// A set of upstreams: bit i is upstream i.
using UpstreamSet = std::uint32_t;

/// What was chosen, and whether it was taken although it is down, since all are.
struct Choice {
    std::size_t upstream = 0;
    bool all_down = false;
};

/// One a worker: round robin counts, and least latency measures, for itself.
class UpstreamChooser {
public:
    using Duration = std::chrono::nanoseconds;

    /// Of so many choices by least latency one is another, to see whether it became faster.
    static constexpr std::uint32_t exploration = 64;
    /// An upstream that was down gets one of so many queries while it is on trial.
    static constexpr std::uint32_t trial_share = 8;

    UpstreamChooser(Policy policy, std::size_t count, RandomIds& ids)
        : policy_{policy},
          count_{count},
          all_{static_cast<UpstreamSet>((std::uint64_t{1} << count) - 1)},
          ids_{ids} {}

    /// Of those that are up one that the query did not try yet, by policy; if all that are up were
    /// tried, one of these again; if all are down, any. One on trial is passed over most times if
    /// there is another.
    Choice next(UpstreamSet tried, UpstreamSet down, UpstreamSet on_trial = 0);

    /// From now on chooses among these. None: next() must not be called.
    void use(UpstreamSet upstreams) { all_ = upstreams; }
    UpstreamSet all() const { return all_; }

    /// A reply came after that time.
    void note_reply(std::size_t upstream, Duration took);
    /// None came within that time.
    void note_loss(std::size_t upstream, Duration waited);

private:
    UpstreamSet weigh_trials(UpstreamSet candidates, UpstreamSet on_trial);
    std::size_t pick(UpstreamSet candidates);
    std::size_t pick_random(UpstreamSet candidates);
    std::size_t pick_fastest(UpstreamSet candidates);

    Policy policy_;
    std::size_t count_;
    UpstreamSet all_;
    std::size_t turn_ = 0;
    std::uint32_t trial_turn_ = 0;
    std::array<Duration, upstreams_max> latency_{};  // 0: not known.
    RandomIds& ids_;
};

}  // namespace loom::forward
