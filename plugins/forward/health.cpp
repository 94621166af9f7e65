// SPDX-License-Identifier: Apache-2.0
#include "health.hpp"

namespace loom::forward {

bool Health::fail(std::size_t upstream) {
    if (max_fails_ == 0) return false;
    const auto failures = failures_[upstream].fetch_add(1, std::memory_order_relaxed) + 1;
    if (failures < max_fails_) return false;
    const auto bit = UpstreamSet{1} << upstream;
    return (down_.fetch_or(bit) & bit) == 0;
}

bool Health::succeed(std::size_t upstream) {
    const auto failures = failures_[upstream].load(std::memory_order_relaxed);
    if (failures == 0 && !is_down(upstream)) return false;
    failures_[upstream].store(0, std::memory_order_relaxed);
    const auto bit = UpstreamSet{1} << upstream;
    return (down_.fetch_and(~bit) & bit) != 0;
}

bool Health::begin_probing(std::size_t upstream) {
    // In one order with the stores of end_probing(), unlike is_down().
    const bool down = (down_.load() >> upstream & 1U) != 0;
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
