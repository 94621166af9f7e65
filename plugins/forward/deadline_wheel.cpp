// SPDX-License-Identifier: Apache-2.0
#include "deadline_wheel.hpp"

#include <algorithm>
#include <bit>

namespace loom::forward {

std::uint64_t
DeadlineWheel::insert(std::uint32_t index, std::uint64_t due_ns, std::uint64_t now_ns) {
    if (index >= nodes_.size()) nodes_.resize(std::size_t{index} + 1);
    if (size_ == 0) passed_tick_ = now_ns / tick_ns;
    const auto tick = std::max((due_ns + tick_ns - 1) / tick_ns, passed_tick_ + 1);

    auto& head = heads_[bucket(tick)];
    nodes_[index] = {none, head, tick};
    if (head != none) nodes_[head].previous = index;
    head = index;
    occupied_[bucket(tick) / 64] |= std::uint64_t{1} << bucket(tick) % 64;
    ++size_;
    return tick * tick_ns;
}

void DeadlineWheel::erase(std::uint32_t index) {
    if (index >= nodes_.size() || nodes_[index].tick == 0) return;
    auto& node = nodes_[index];
    auto& head = heads_[bucket(node.tick)];
    (node.previous == none ? head : nodes_[node.previous].next) = node.next;
    if (node.next != none) nodes_[node.next].previous = node.previous;
    if (head == none)
        occupied_[bucket(node.tick) / 64] &= ~(std::uint64_t{1} << bucket(node.tick) % 64);
    node.tick = 0;
    --size_;
}

std::optional<std::uint32_t> DeadlineWheel::pop_due(std::uint64_t now_ns) {
    const auto now_tick = now_ns / tick_ns;
    if (now_tick > passed_tick_ + buckets) passed_tick_ = now_tick - buckets;
    while (size_ != 0 && passed_tick_ < now_tick) {
        // Those of a later turn of the wheel stay.
        auto index = heads_[bucket(passed_tick_ + 1)];
        while (index != none && nodes_[index].tick > now_tick) index = nodes_[index].next;
        if (index != none) {
            erase(index);
            return index;
        }
        ++passed_tick_;
    }
    return std::nullopt;
}

std::optional<std::uint64_t> DeadlineWheel::next_ns() const {
    if (size_ == 0) return std::nullopt;
    const auto first = passed_tick_ + 1;
    // By words of the bitmap, the first one twice: its front part belongs to the end of the turn.
    for (std::size_t step = 0; step <= occupied_.size(); ++step) {
        const auto word = (bucket(first) / 64 + step) % occupied_.size();
        auto bits = occupied_[word];
        if (step == 0) bits &= ~std::uint64_t{0} << bucket(first) % 64;
        if (bits == 0) continue;
        const auto found = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        return (first + (found + buckets - bucket(first)) % buckets) * tick_ns;
    }
    return std::nullopt;
}

}  // namespace loom::forward
