// SPDX-License-Identifier: Apache-2.0
// How long an upstream takes, and so how long to wait for it.
#pragma once

#include <algorithm>
#include <chrono>

namespace loom::forward {

/// A running average over the replies of one upstream.
class RoundTrip {
public:
    using Duration = std::chrono::nanoseconds;

    void note(Duration measured) {
        average_ = known() ? average_ + (measured - average_) / 8 : std::max(measured, Duration{1});
    }

    /// Long enough for nearly every reply, so that a lost packet does not cost `longest`.
    Duration patience(Duration longest) const {
        using namespace std::chrono_literals;
        return std::min(longest, known() ? std::max<Duration>(100ms, average_ * 4) : Duration{1s});
    }

private:
    bool known() const { return average_.count() != 0; }

    Duration average_{};
};

}  // namespace loom::forward
