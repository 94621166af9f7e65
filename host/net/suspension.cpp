// SPDX-License-Identifier: Apache-2.0
#include "suspension.hpp"

#include <algorithm>
#include <atomic>
#include <new>

namespace loom::host {

namespace {

constexpr std::uint32_t slot_bits = 24;
constexpr std::uint32_t slots_max = 1U << 20U;

std::uint32_t slot_of(loom_token token) {
    return static_cast<std::uint32_t>(token & ((1U << slot_bits) - 1));
}
std::uint32_t nonce_of(loom_token token) { return static_cast<std::uint32_t>(token >> 32U); }

bool claim_nonce(std::uint32_t& armed, std::uint32_t nonce) {
    return std::atomic_ref{armed}.compare_exchange_strong(nonce, 0, std::memory_order_acq_rel);
}

}  // namespace

std::uint64_t
suspension_due(std::uint64_t now_ns, std::uint64_t deadline_ns, std::uint64_t timeout_ns) {
    const std::uint64_t left = deadline_ns - std::min(deadline_ns, now_ns);
    return timeout_ns != 0 && timeout_ns < left ? now_ns + timeout_ns : deadline_ns;
}

SuspensionTable::SuspensionTable(std::uint32_t worker)
    : worker_{worker}, slots_{static_cast<Slot*>(std::calloc(slots_max, sizeof(Slot)))} {
    if (!slots_) throw std::bad_alloc{};
}

bool SuspensionTable::take_slot(Exchange& e, std::uint32_t limit) {
    if (e.slot != 0) return true;
    if (count_ >= limit) return false;
    if (free_slots_.empty()) {
        if (slots_used_ == slots_max) return false;
        e.slot = slots_used_++;
    } else {
        e.slot = free_slots_.back();
        free_slots_.pop_back();
    }
    slots_[e.slot].exchange = &e;
    ++count_;
    return true;
}

loom_token SuspensionTable::arm(Exchange& e, std::uint32_t limit) {
    if (!take_slot(e, limit)) return 0;
    if (++last_nonce_ == 0) last_nonce_ = 1;
    e.nonce = last_nonce_;
    e.wait_stage = e.stage;
    e.suspension = Suspension::armed;
    std::atomic_ref{slots_[e.slot].armed}.store(e.nonce, std::memory_order_release);
    return std::uint64_t{e.nonce} << 32U | std::uint64_t{worker_} << slot_bits | e.slot;
}

void SuspensionTable::disarm(Exchange& e) {
    std::atomic_ref{slots_[e.slot].armed}.store(0, std::memory_order_relaxed);
    e.suspension = Suspension::none;
}

bool SuspensionTable::claim(loom_token token) {
    const std::uint32_t slot = slot_of(token);
    const std::uint32_t nonce = nonce_of(token);
    if (slot == 0 || slot >= slots_max || nonce == 0) return false;
    return claim_nonce(slots_[slot].armed, nonce);
}

bool SuspensionTable::claim(const Exchange& e) {
    return claim_nonce(slots_[e.slot].armed, e.nonce);
}

Exchange* SuspensionTable::find_claimed(loom_token token) const {
    Exchange* e = slots_[slot_of(token)].exchange;
    if (!e || e->nonce != nonce_of(token)) return nullptr;
    const bool stands = e->suspension == Suspension::waiting || e->suspension == Suspension::armed;
    return stands ? e : nullptr;
}

void SuspensionTable::release(Exchange& e) {
    slots_[e.slot].exchange = nullptr;
    free_slots_.push_back(e.slot);
    e.slot = 0;
    --count_;
}

}  // namespace loom::host
