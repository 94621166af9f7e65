// SPDX-License-Identifier: Apache-2.0
#include "hedging.hpp"

#include <algorithm>

namespace loom::forward {

void LatencyWindow::note(Duration took) {
    samples_[count_ % samples_max] = took.count();
    ++count_;
    if (count_ % renewal == 0) renew();
}

std::optional<LatencyWindow::Duration> LatencyWindow::p95() const {
    if (count_ < samples_min) return std::nullopt;
    return p95_;
}

void LatencyWindow::renew() {
    auto sorted = samples_;
    const auto size = std::min(count_, samples_max);
    const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(size);
    const auto at = sorted.begin() + static_cast<std::ptrdiff_t>((size - 1) * 95 / 100);
    std::nth_element(sorted.begin(), at, end);
    p95_ = Duration{*at};
}

}  // namespace loom::forward
