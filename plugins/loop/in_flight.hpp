// SPDX-License-Identifier: Apache-2.0
// The questions that are under way behind the plugin, so that one that comes round is known again.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace loom::loop {

/// A table of fixed size without locks, one for all workers. A question is a hash; where two fall on
/// one place, the second is not noted, so it may come round unseen. [A]
class InFlight {
public:
    /// A place that a question has; `value` 0: none.
    struct Ticket {
        std::uint64_t value;
        std::uint32_t slot;
    };
    enum class Entry : std::uint8_t {
        noted,    ///< leave() with the ticket when it is answered.
        no_room,  ///< Not noted: nothing to do.
        again     ///< The same question is under way.
    };

    /// Times in seconds of one clock, not 0. The note ends by itself after `until`.
    Entry enter(std::uint64_t question, std::uint32_t now, std::uint32_t until, Ticket& ticket);
    void leave(const Ticket& ticket);

private:
    static constexpr std::size_t size = 8192;

    // The upper half of the hash, and when the note ends.
    std::array<std::atomic<std::uint64_t>, size> slots_{};
};

}  // namespace loom::loop
