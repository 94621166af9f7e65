// SPDX-License-Identifier: Apache-2.0
// How many lines a worker may write.
#pragma once

#include <algorithm>
#include <cstdint>

namespace loom::log {

/// Up to `rate` lines at once, and as many a second. One worker's.
class LineRate {
public:
    explicit LineRate(std::uint64_t rate) : rate_{rate}, left_{rate * second} {}

    /// `now_ns` never goes back. False: one too many.
    bool take(std::uint64_t now_ns) {
        if (rate_ == 0) return true;
        // What a second brings is all that is kept, so longer pauses do not matter.
        const std::uint64_t passed = last_ns_ == 0 ? 0 : std::min(now_ns - last_ns_, second);
        last_ns_ = now_ns;
        left_ = std::min(left_ + passed * rate_, rate_ * second);
        if (left_ < second) return false;
        left_ -= second;
        return true;
    }

private:
    static constexpr std::uint64_t second = 1'000'000'000;  // A line, in parts of `left_`.

    std::uint64_t rate_;  // 0: no limit. At most 10^9.
    std::uint64_t left_;
    std::uint64_t last_ns_ = 0;
};

}  // namespace loom::log
