// SPDX-License-Identifier: Apache-2.0
// Which of the queries are treated badly, and how.
#pragma once

#include <atomic>
#include <cstdint>

namespace loom::erratic {

/// What becomes of one query.
struct Treatment {
    bool drop = false;
    bool truncate = false;
    bool delay = false;
};

/// Counts the queries of all workers from 1 on; every Nth of them is treated badly, 0: none. [A]
class Sequence {
public:
    struct Every {
        std::uint64_t drop = 0;
        std::uint64_t truncate = 0;
        std::uint64_t delay = 0;
    };
    explicit Sequence(Every every) : every_{every} {}

    Treatment next() {
        const std::uint64_t number = 1 + count_.fetch_add(1, std::memory_order_relaxed);
        const auto is_due = [number](std::uint64_t every) {
            return every != 0 && number % every == 0;
        };
        return {is_due(every_.drop), is_due(every_.truncate), is_due(every_.delay)};
    }

private:
    const Every every_;
    std::atomic<std::uint64_t> count_ = 0;
};

}  // namespace loom::erratic
