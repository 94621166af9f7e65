// SPDX-License-Identifier: Apache-2.0
#include "health.hpp"

#include <algorithm>
#include <bit>
#include <exception>
#include <utility>

namespace loom::lb {
namespace {

std::size_t cell_of(const dns::IpAddress& address, std::size_t cells) {
    const std::uint64_t hash = (address.high ^ std::rotl(address.low, 29)) * 0x9e3779b97f4a7c15U;
    return static_cast<std::size_t>(hash >> 32U) & (cells - 1);
}

}  // namespace

HealthTable::HealthTable(
    const Host& host,
    dns::NetworkRanks networks,
    std::size_t targets_max,
    std::function<void(Target&)> learned)
    : host_{host},
      publish_{host.service<loom_publish_1>(LOOM_SERVICE_PUBLISH)},
      networks_{std::move(networks)},
      slot_count_{targets_max},
      learned_{std::move(learned)},
      slots_{std::make_unique<Target[]>(targets_max)},
      mailboxes_{std::make_unique<Mailbox[]>(host.workers())},
      index_{new Index{std::vector<Index::Cell>(2)}} {
    for (std::uint32_t worker = 0; worker < host.workers(); ++worker)
        mailboxes_[worker].owner = this;
}

HealthTable::~HealthTable() { delete index_.load(); }

Target* HealthTable::Index::find(const dns::IpAddress& address) const {
    for (std::size_t at = cell_of(address, cells.size()); cells[at].target != nullptr;
         at = (at + 1) & (cells.size() - 1)) {
        if (cells[at].address == address) return cells[at].target;
    }
    return nullptr;
}

bool HealthTable::is_down(std::uint32_t worker, const dns::IpAddress& address) {
    if (!networks_.contains(address)) return false;
    Target* const target = index_.load(std::memory_order_acquire)->find(address);
    if (target == nullptr) {
        if (!full_.load(std::memory_order_relaxed)) tell(mailboxes_[worker], address);
        return false;
    }
    // Written only where it is news: the line is shared by all workers.
    if (!target->seen.load(std::memory_order_relaxed))
        target->seen.store(true, std::memory_order_relaxed);
    return target->down.load(std::memory_order_relaxed);
}

void HealthTable::tell(Mailbox& mailbox, const dns::IpAddress& address) {
    const std::uint32_t written = mailbox.written.load(std::memory_order_relaxed);
    if (written - mailbox.read.load(std::memory_order_acquire) == mail_max) return;
    mailbox.letters[written % mail_max] = address;
    mailbox.written.store(written + 1, std::memory_order_release);
    if (mailbox.told.exchange(true, std::memory_order_acq_rel)) return;
    const auto status = host_.loop_service()->post(&host_.table(), LOOM_CONTROL, on_mail, &mailbox);
    if (status != LOOM_OK) mailbox.told.store(false, std::memory_order_release);
}

void HealthTable::on_mail(void* mailbox) noexcept {
    auto& mail = *static_cast<Mailbox*>(mailbox);
    auto& self = *mail.owner;
    try {
        mail.told.exchange(false, std::memory_order_acq_rel);
        const std::uint32_t end = mail.written.load(std::memory_order_acquire);
        bool is_new = false;
        for (std::uint32_t at = mail.read.load(std::memory_order_relaxed); at != end; ++at)
            is_new |= self.learn(mail.letters[at % mail_max]);
        mail.read.store(end, std::memory_order_release);
        if (is_new) self.publish_index();
    } catch (const std::exception& e) {
        self.host_.report_exception("post", e.what());
    }
}

bool HealthTable::learn(const dns::IpAddress& address) {
    const auto is_same = [&](const Target& t) { return t.used && t.address == address; };
    if (std::ranges::any_of(slots(), is_same)) return false;
    const auto free = std::ranges::find(slots(), false, &Target::used);
    if (free == slots().end()) {
        full_.store(true, std::memory_order_relaxed);
        host_.log(
            LOOM_LOG_WARNING, "more addresses than health.targets: the others are taken to be up");
        return false;
    }
    free->address = address;
    free->down = false;
    free->seen = true;
    free->used = true;
    free->failures = free->idle_rounds = 0;
    ++used_;
    learned_(*free);
    return true;
}

void HealthTable::publish_index() {
    auto next = std::make_unique<Index>();
    next->cells.resize(std::bit_ceil(2 * used_ + 2));
    for (Target& target : slots()) {
        if (!target.used) continue;
        std::size_t at = cell_of(target.address, next->cells.size());
        while (next->cells[at].target != nullptr) at = (at + 1) & (next->cells.size() - 1);
        next->cells[at] = {target.address, &target};
    }
    const Index* old = index_.exchange(next.release(), std::memory_order_acq_rel);
    const auto free_fn = [](void* retired) { delete static_cast<const Index*>(retired); };
    publish_->retire(&host_.table(), free_fn, const_cast<Index*>(old));
}

void HealthTable::forget_unseen(std::uint32_t rounds_max) {
    bool is_changed = false;
    for (Target& target : slots()) {
        if (!target.used || target.probing) continue;
        target.idle_rounds = target.seen.exchange(false) ? 0 : target.idle_rounds + 1;
        if (target.idle_rounds <= rounds_max) continue;
        target.used = false;
        --used_;
        is_changed = true;
    }
    if (!is_changed) return;
    full_.store(false, std::memory_order_relaxed);
    publish_index();
}

}  // namespace loom::lb
