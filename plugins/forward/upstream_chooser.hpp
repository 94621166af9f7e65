// SPDX-License-Identifier: Apache-2.0
// Which upstream is asked next.
#pragma once

#include "random_ids.hpp"

#include <cstddef>
#include <cstdint>

namespace loom::forward {

enum class Policy : std::uint8_t { random, round_robin, sequential };

/// A set of upstreams: bit i is upstream i.
using UpstreamSet = std::uint32_t;

/// What was chosen, and whether it was taken although it is down, since all are.
struct Choice {
    std::size_t upstream = 0;
    bool all_down = false;
};

/// One a worker: round robin counts for itself.
class UpstreamChooser {
public:
    UpstreamChooser(Policy policy, std::size_t count, RandomIds& ids)
        : policy_{policy}, count_{count}, ids_{ids} {}

    /// Of those that are up one that the query did not try yet, by policy; if all that are up were
    /// tried, one of these again; if all are down, any.
    Choice next(UpstreamSet tried, UpstreamSet down);

private:
    std::size_t pick(UpstreamSet candidates);
    std::size_t pick_random(UpstreamSet candidates);

    Policy policy_;
    std::size_t count_;
    std::size_t turn_ = 0;
    RandomIds& ids_;
};

}  // namespace loom::forward
