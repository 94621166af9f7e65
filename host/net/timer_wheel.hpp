// SPDX-License-Identifier: Apache-2.0
// Timers of one thread: adding, ending and firing cost the same however many there are.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace loom::host {

/// A hashed wheel with ticks of about 4 ms. A timer fires at the tick after its time, never before
/// it; of those with one tick the first added fires first. Not thread-safe.
class TimerWheel {
public:
    using Function = void (*)(void*);
    /// Never 0.
    using Id = std::uint64_t;

    explicit TimerWheel(std::uint64_t now_ns) : tick_{now_ns >> tick_bits} {}

    /// `owner` is for cancel_owner(); it may be null.
    Id add(std::uint64_t due_ns, Function fn, void* arg, const void* owner);
    /// False if the timer has fired or ended.
    bool cancel(Id id);
    /// Ends all timers of `owner`.
    void cancel_owner(const void* owner);

    /// Fires what is due, in the order of time. Functions may add and cancel timers; after a jump
    /// of the clock those that they add wait for the next call.
    void advance(std::uint64_t now_ns);

    /// When to call advance() next: not later than the first timer, and possibly sooner. 0: never.
    std::uint64_t next_ns() const;

    std::size_t size() const { return size_; }

private:
    static constexpr unsigned tick_bits = 22;
    static constexpr std::uint32_t slot_count = 1024;
    static constexpr std::uint32_t nil = UINT32_MAX;

    struct Entry {
        std::uint64_t due_tick = 0;
        Function fn = nullptr;
        void* arg = nullptr;
        const void* owner = nullptr;
        std::uint32_t previous = nil;
        std::uint32_t next = nil;  // Also in the free list.
        std::uint32_t nonce = 1;
        std::uint32_t slot = nil;  // nil: free or being fired.
    };

    struct Due {
        std::uint64_t tick;
        Id id;
    };

    void link(std::uint32_t index, std::uint32_t slot);
    void unlink(std::uint32_t index);
    void release(std::uint32_t index);
    void note_due(std::uint32_t slot, std::uint64_t now, std::vector<Due>& due) const;
    void fire(const std::vector<Due>& due);
    void fire_slot(std::uint32_t slot, std::uint64_t now);
    void fire_all(std::uint64_t now);

    std::uint64_t tick_;  // All before it have fired.
    std::size_t size_ = 0;
    std::vector<Entry> entries_;
    std::uint32_t free_ = nil;
    std::array<std::uint32_t, slot_count> heads_ = filled();
    std::array<std::uint64_t, slot_count / 64> occupied_{};

    static constexpr std::array<std::uint32_t, slot_count> filled() {
        std::array<std::uint32_t, slot_count> heads{};
        heads.fill(nil);
        return heads;
    }
};

}  // namespace loom::host
