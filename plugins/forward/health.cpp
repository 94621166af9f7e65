// SPDX-License-Identifier: Apache-2.0
#include "health.hpp"

namespace loom::forward {
namespace {

UpstreamSet bit_of(std::size_t upstream) { return UpstreamSet{1} << upstream; }

}  // namespace

HealthChange Health::fail(std::size_t upstream) {
    if (max_fails_ == 0) return HealthChange::none;
    const auto bit = bit_of(upstream);
    const auto failures = failures_[upstream].fetch_add(1, std::memory_order_relaxed) + 1;
    const bool was_on_trial = (on_trial() & bit) != 0 && (on_trial_.fetch_and(~bit) & bit) != 0;
    if (failures < max_fails_ && !was_on_trial) return HealthChange::none;
    return (down_.fetch_or(bit) & bit) == 0 ? HealthChange::down : HealthChange::none;
}

HealthChange Health::succeed(std::size_t upstream) {
    const auto bit = bit_of(upstream);
    if (failures_[upstream].load(std::memory_order_relaxed) != 0)
        failures_[upstream].store(0, std::memory_order_relaxed);
    if (is_down(upstream)) {
        trial_left_[upstream].store(trial_replies, std::memory_order_relaxed);
        on_trial_.fetch_or(bit);
        return (down_.fetch_and(~bit) & bit) != 0 ? HealthChange::on_trial : HealthChange::none;
    }
    if ((on_trial() & bit) == 0) return HealthChange::none;
    if (trial_left_[upstream].fetch_sub(1, std::memory_order_relaxed) != 1)
        return HealthChange::none;
    return (on_trial_.fetch_and(~bit) & bit) != 0 ? HealthChange::up : HealthChange::none;
}

bool Health::begin_probing(std::size_t upstream) {
    // In one order with the stores of end_probing(), unlike is_down().
    const bool down = (down_.load() & bit_of(upstream)) != 0;
    return down && !retired() && !probed_[upstream].exchange(true);
}

void Health::abandon_probing(std::size_t upstream) { probed_[upstream].store(false); }

bool Health::end_probing(std::size_t upstream) {
    if (is_down(upstream) && !retired()) return false;
    probed_[upstream].store(false);
    // It may have gone down between the two lines above, when others still saw it probed.
    return !begin_probing(upstream);
}

}  // namespace loom::forward
