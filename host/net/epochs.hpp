// SPDX-License-Identifier: Apache-2.0
// Waiting until all queries that wait now have ended, however many follow them.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace loom::host {

/// Each waiting query belongs to the epoch in which it began to wait. Not thread-safe.
class Epochs {
public:
    /// Counts one that begins to wait; the result is for leave().
    std::uint64_t enter() {
        ++epochs_.back().waiting;
        return epochs_.back().number;
    }
    /// It waits no more. Calls what when_quiescent() was given and is due now.
    void leave(std::uint64_t number);
    /// Calls `done` when all that have entered have left, at once if they have; in order.
    void when_quiescent(std::function<void()> done);

private:
    struct Epoch {
        std::uint64_t number = 0;
        std::uint64_t waiting = 0;
        std::vector<std::function<void()>> done;
    };

    std::vector<Epoch> epochs_{1};  // The last one is now.
};

}  // namespace loom::host
