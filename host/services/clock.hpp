// SPDX-License-Identifier: Apache-2.0
// Time as the host and its plugins see it.
#pragma once

#include <atomic>
#include <cstdint>

#include <time.h>

namespace loom::host {

/// CLOCK_MONOTONIC and CLOCK_REALTIME, which tests move forward. Thread-safe.
class Clock {
public:
    std::uint64_t monotonic_ns() const { return read(CLOCK_MONOTONIC); }
    std::uint64_t realtime_ns() const { return read(CLOCK_REALTIME); }

    /// Both clocks stand `step_ns` later from now on.
    void advance(std::uint64_t step_ns) { offset_ns_.fetch_add(step_ns, std::memory_order_relaxed); }

private:
    std::uint64_t read(clockid_t id) const {
        timespec now{};
        ::clock_gettime(id, &now);
        return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
               static_cast<std::uint64_t>(now.tv_nsec) +
               offset_ns_.load(std::memory_order_relaxed);
    }

    std::atomic<std::uint64_t> offset_ns_{0};
};

}  // namespace loom::host
