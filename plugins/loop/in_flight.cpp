// SPDX-License-Identifier: Apache-2.0
#include "in_flight.hpp"

namespace loom::loop {
namespace {

constexpr std::uint64_t upper_half = 0xFFFF'FFFF'0000'0000U;

std::uint32_t end_of(std::uint64_t value) { return static_cast<std::uint32_t>(value); }

}  // namespace

InFlight::Entry
InFlight::enter(std::uint64_t question, std::uint32_t now, std::uint32_t until, Ticket& ticket) {
    const auto index = static_cast<std::uint32_t>(question % size);
    std::atomic<std::uint64_t>& slot = slots_[index];
    const std::uint64_t value = (question & upper_half) | until;
    std::uint64_t there = slot.load(std::memory_order_relaxed);
    while (end_of(there) < now) {
        if (!slot.compare_exchange_weak(there, value, std::memory_order_relaxed)) continue;
        ticket = {value, index};
        return Entry::noted;
    }
    return ((there ^ question) & upper_half) == 0 ? Entry::again : Entry::no_room;
}

void InFlight::leave(const Ticket& ticket) {
    std::uint64_t value = ticket.value;
    slots_[ticket.slot].compare_exchange_strong(value, 0, std::memory_order_relaxed);
}

}  // namespace loom::loop
