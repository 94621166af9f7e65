// SPDX-License-Identifier: Apache-2.0
#include "upstream_chooser.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace loom::forward {

Choice UpstreamChooser::next(UpstreamSet tried, UpstreamSet down, UpstreamSet on_trial) {
    const auto up = all() & ~down;
    if (up == 0) return {pick_random((all() & ~tried) != 0 ? all() & ~tried : all()), true};
    auto candidates = (up & ~tried) != 0 ? up & ~tried : up;
    if ((candidates & on_trial) != 0) candidates = weigh_trials(candidates, on_trial);
    return {pick(candidates), false};
}

UpstreamSet UpstreamChooser::weigh_trials(UpstreamSet candidates, UpstreamSet on_trial) {
    const bool passed_over = trial_turn_++ % trial_share != 0;
    // Its turn: it alone, or a policy that prefers others would never try it.
    if (!passed_over) return candidates & on_trial;
    return (candidates & ~on_trial) != 0 ? candidates & ~on_trial : candidates;
}

std::size_t UpstreamChooser::pick(UpstreamSet candidates) {
    switch (policy_) {
    case Policy::random:
        return pick_random(candidates);
    case Policy::round_robin:
        while ((candidates >> turn_ & 1U) == 0) turn_ = (turn_ + 1) % count_;
        return std::exchange(turn_, (turn_ + 1) % count_);
    case Policy::least_latency:
        return pick_fastest(candidates);
    case Policy::sequential:
        break;
    }
    return static_cast<std::size_t>(std::countr_zero(candidates));
}

std::size_t UpstreamChooser::pick_random(UpstreamSet candidates) {
    auto skip = ids_.below(static_cast<std::uint32_t>(std::popcount(candidates)));
    for (; skip != 0; --skip) candidates &= candidates - 1;
    return static_cast<std::size_t>(std::countr_zero(candidates));
}

std::size_t UpstreamChooser::pick_fastest(UpstreamSet candidates) {
    if (std::has_single_bit(candidates) || ids_.below(exploration) == 0)
        return pick_random(candidates);
    auto best = static_cast<std::size_t>(std::countr_zero(candidates));
    for (auto rest = candidates & (candidates - 1); rest != 0; rest &= rest - 1) {
        const auto other = static_cast<std::size_t>(std::countr_zero(rest));
        if (latency_[other] < latency_[best]) best = other;
    }
    return best;
}

void UpstreamChooser::note_reply(std::size_t upstream, Duration took) {
    auto& average = latency_[upstream];
    average = average.count() == 0 ? took : average + (took - average) / 8;
    average = std::max(average, Duration{1});
}

void UpstreamChooser::note_loss(std::size_t upstream, Duration waited) {
    auto& average = latency_[upstream];
    // No less than the wait: that much is certain. Doubled, so that one that stays silent is asked
    // less than any that answers.
    average = std::min(std::max(average * 2, waited), Duration{std::chrono::seconds{10}});
}

}  // namespace loom::forward
