// SPDX-License-Identifier: Apache-2.0
#include "timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace loom::host {

TimerWheel::Id
TimerWheel::add(std::uint64_t due_ns, Function fn, void* arg, const void* owner) {
    if (free_ == nil) {
        free_ = static_cast<std::uint32_t>(entries_.size());
        entries_.emplace_back();
    }
    const std::uint32_t index = free_;
    Entry& entry = entries_[index];
    free_ = entry.next;
    entry.due_tick = std::max((due_ns >> tick_bits) + 1, tick_);
    entry.fn = fn;
    entry.arg = arg;
    entry.owner = owner;
    link(index, static_cast<std::uint32_t>(entry.due_tick % slot_count));
    ++size_;
    return Id{entry.nonce} << 32U | (index + 1);
}

bool TimerWheel::cancel(Id id) {
    const auto index = static_cast<std::uint32_t>(id) - 1;
    if (index >= entries_.size()) return false;
    Entry& entry = entries_[index];
    if (entry.nonce != static_cast<std::uint32_t>(id >> 32U) || entry.slot == nil) return false;
    unlink(index);
    release(index);
    return true;
}

void TimerWheel::cancel_owner(const void* owner) {
    for (std::uint32_t index = 0; index < entries_.size(); ++index) {
        if (entries_[index].slot == nil || entries_[index].owner != owner) continue;
        unlink(index);
        release(index);
    }
}

void TimerWheel::advance(std::uint64_t now_ns) {
    const std::uint64_t now = now_ns >> tick_bits;
    if (size_ == 0) {
        tick_ = std::max(tick_, now + 1);
        return;
    }
    if (now >= tick_ + slot_count) {
        fire_all(now);
        return;
    }
    for (std::uint64_t tick = tick_; tick <= now; ++tick) {
        const auto slot = static_cast<std::uint32_t>(tick % slot_count);
        tick_ = tick + 1;
        if ((occupied_[slot / 64] >> slot % 64 & 1U) != 0) fire_slot(slot, now);
    }
}

std::uint64_t TimerWheel::next_ns() const {
    if (size_ == 0) return 0;
    for (std::uint32_t step = 0; step < slot_count;) {
        const auto slot = static_cast<std::uint32_t>((tick_ + step) % slot_count);
        const std::uint64_t word = occupied_[slot / 64] >> slot % 64;
        if (word != 0)
            return (tick_ + step + static_cast<std::uint32_t>(std::countr_zero(word))) << tick_bits;
        step += 64 - slot % 64;
    }
    return (tick_ + slot_count) << tick_bits;
}

void TimerWheel::link(std::uint32_t index, std::uint32_t slot) {
    Entry& entry = entries_[index];
    entry.slot = slot;
    entry.previous = nil;
    entry.next = heads_[slot];
    if (entry.next != nil) entries_[entry.next].previous = index;
    heads_[slot] = index;
    occupied_[slot / 64] |= std::uint64_t{1} << slot % 64;
}

void TimerWheel::unlink(std::uint32_t index) {
    Entry& entry = entries_[index];
    if (entry.next != nil) entries_[entry.next].previous = entry.previous;
    if (entry.previous != nil) {
        entries_[entry.previous].next = entry.next;
    } else {
        heads_[entry.slot] = entry.next;
        if (entry.next == nil) occupied_[entry.slot / 64] &= ~(std::uint64_t{1} << entry.slot % 64);
    }
    entry.slot = nil;
}

void TimerWheel::release(std::uint32_t index) {
    Entry& entry = entries_[index];
    ++entry.nonce;
    if (entry.nonce == 0) entry.nonce = 1;
    entry.next = free_;
    free_ = index;
    --size_;
}

// Adds what is due in a slot, in the order of adding.
void TimerWheel::note_due(std::uint32_t slot, std::uint64_t now, std::vector<Due>& due) const {
    const auto first = static_cast<std::ptrdiff_t>(due.size());
    for (std::uint32_t index = heads_[slot]; index != nil; index = entries_[index].next) {
        const Entry& entry = entries_[index];
        if (entry.due_tick <= now)
            due.push_back({entry.due_tick, Id{entry.nonce} << 32U | (index + 1)});
    }
    // Those added last stand first.
    std::reverse(due.begin() + first, due.end());
}

// A function may cancel others that are due, so that these were noted first, by id.
void TimerWheel::fire(const std::vector<Due>& due) {
    for (const Due& one : due) {
        const Entry entry = entries_[static_cast<std::uint32_t>(one.id) - 1];
        if (cancel(one.id)) entry.fn(entry.arg);
    }
}

void TimerWheel::fire_slot(std::uint32_t slot, std::uint64_t now) {
    std::vector<Due> due;
    note_due(slot, now, due);
    fire(due);
}

// After a jump of more than a round a slot holds what was due in several, so that the order of
// slots is not that of time. What functions add meanwhile comes with the next tick.
void TimerWheel::fire_all(std::uint64_t now) {
    tick_ = now + 1;
    std::vector<Due> due;
    for (std::uint32_t slot = 0; slot < slot_count; ++slot) note_due(slot, now, due);
    std::ranges::stable_sort(due, {}, &Due::tick);
    fire(due);
}

}  // namespace loom::host
