// SPDX-License-Identifier: Apache-2.0
// When a second upstream is asked although the first may yet answer.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace loom::forward {

/// The times of an upstream's latest replies, of one worker.
class LatencyWindow {
public:
    using Duration = std::chrono::nanoseconds;

    /// How many replies say something.
    static constexpr std::size_t samples_min = 16;

    void note(Duration took);
    /// What 95 of 100 replies took at most; nothing while too few are known. Up to 16 replies old.
    std::optional<Duration> p95() const;

private:
    static constexpr std::size_t samples_max = 64;
    static constexpr std::size_t renewal = 16;

    void renew();

    std::array<std::int64_t, samples_max> samples_{};
    std::size_t count_ = 0;
    Duration p95_{};
};

/// Lets so many queries of a hundred be asked twice, and no more than a few in a row.
class HedgeBudget {
public:
    explicit HedgeBudget(std::uint32_t percent) : percent_{percent} {}

    bool is_on() const { return percent_ != 0; }
    /// A query begins.
    void earn() {
        saved_ += percent_;
        if (saved_ > saved_max) saved_ = saved_max;
    }
    /// False if there is nothing left.
    [[nodiscard]] bool spend() {
        if (saved_ < price) return false;
        saved_ -= price;
        return true;
    }

private:
    static constexpr std::uint32_t price = 100;
    static constexpr std::uint32_t saved_max = 10 * price;

    std::uint32_t percent_;
    std::uint32_t saved_ = 0;
};

}  // namespace loom::forward
