// SPDX-License-Identifier: Apache-2.0
#include "upstream_chooser.hpp"

#include <bit>
#include <utility>

namespace loom::forward {

Choice UpstreamChooser::next(UpstreamSet tried, UpstreamSet down) {
    const auto all = static_cast<UpstreamSet>((std::uint64_t{1} << count_) - 1);
    const auto up = all & ~down;
    if (up == 0) return {pick_random((all & ~tried) != 0 ? all & ~tried : all), true};
    return {pick((up & ~tried) != 0 ? up & ~tried : up), false};
}

std::size_t UpstreamChooser::pick(UpstreamSet candidates) {
    switch (policy_) {
    case Policy::random:
        return pick_random(candidates);
    case Policy::round_robin:
        while ((candidates >> turn_ & 1U) == 0) turn_ = (turn_ + 1) % count_;
        return std::exchange(turn_, (turn_ + 1) % count_);
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

}  // namespace loom::forward
