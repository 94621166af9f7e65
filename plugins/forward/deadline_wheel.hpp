// SPDX-License-Identifier: Apache-2.0
// The deadlines of all attempts of a worker behind one timer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace loom::forward {

/// A timing wheel over small numbers (of exchanges), each with at most one deadline. Entering and
/// leaving cost a few stores; a deadline passes up to one tick (8.4 ms) late, never early.
class DeadlineWheel {
public:
    static constexpr std::uint64_t tick_ns = std::uint64_t{1} << 23U;

    DeadlineWheel() { heads_.fill(none); }

    /// Sets the deadline of `index`, which has none. Returns when next_ns() would be for it alone.
    std::uint64_t insert(std::uint32_t index, std::uint64_t due_ns, std::uint64_t now_ns);
    /// Takes its deadline away, if it has one.
    void erase(std::uint32_t index);

    /// Takes one whose deadline has passed. Call it until it gives nothing; in between, deadlines
    /// may be set and taken away.
    std::optional<std::uint32_t> pop_due(std::uint64_t now_ns);

    /// When to call pop_due() next; nothing when there are no deadlines.
    std::optional<std::uint64_t> next_ns() const;

    std::size_t size() const { return size_; }

private:
    struct Node {
        std::uint32_t previous = none;
        std::uint32_t next = none;
        std::uint64_t tick = 0;  // 0: not in the wheel.
    };
    static constexpr std::uint32_t none = UINT32_MAX;
    static constexpr std::size_t buckets = 4096;

    static std::size_t bucket(std::uint64_t tick) { return tick % buckets; }

    std::array<std::uint32_t, buckets> heads_;
    std::array<std::uint64_t, buckets / 64> occupied_{};
    std::vector<Node> nodes_;
    std::size_t size_ = 0;
    std::uint64_t passed_tick_ = 0;  // Everything up to here was taken.
};

}  // namespace loom::forward
