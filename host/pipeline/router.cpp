// SPDX-License-Identifier: Apache-2.0
#include "router.hpp"

#include <dnsloom/dns/codes.hpp>

#include <algorithm>
#include <cstring>

namespace loom::host {

void Router::add(const HashKey& key, dns::NameView zone, std::uint32_t server) {
    const std::uint64_t hash = hash_name(key, zone);
    if (find_exact(hash, zone.octets())) return;
    if ((count_ + 1) * 2 > slots_.size()) grow();
    insert({hash, zone.data(), server, static_cast<std::uint32_t>(zone.size())});
    ++count_;
    const auto depth = static_cast<unsigned>(zone.label_count());
    depths_[depth] = true;
    depth_max_ = std::max(depth_max_, depth);
}

std::optional<Router::Route> Router::find(const loom_query& query) const {
    if (count_ == 0) return std::nullopt;
    const bool wants_parent = query.qtype == dns::rr_type::ds;
    const Slot* fallback = nullptr;
    const unsigned labels = query.label_count;
    for (unsigned depth = std::min(labels, depth_max_) + 1; depth-- != 0;) {
        if (!depths_[depth]) continue;
        const unsigned skipped = labels - depth;
        const std::size_t offset = query.label_offset[skipped];
        const Slot* slot = find_exact(
            query.suffix_hash[skipped],
            {query.qname_lower.data + offset, query.qname_lower.size - offset});
        if (!slot) continue;
        if (wants_parent && skipped == 0 && !fallback) {
            fallback = slot;
            continue;
        }
        return Route{slot->server, dns::NameView::from_trusted({slot->name, slot->size})};
    }
    if (!fallback) return std::nullopt;
    return Route{fallback->server, dns::NameView::from_trusted({fallback->name, fallback->size})};
}

const Router::Slot*
Router::find_exact(std::uint64_t hash, std::span<const std::uint8_t> name) const {
    if (slots_.empty()) return nullptr;
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = hash & mask; slots_[i].size != 0; i = (i + 1) & mask) {
        const Slot& slot = slots_[i];
        if (slot.hash == hash && slot.size == name.size() &&
            std::memcmp(slot.name, name.data(), name.size()) == 0)
            return &slot;
    }
    return nullptr;
}

void Router::grow() {
    std::vector<Slot> old(std::max<std::size_t>(8, slots_.size() * 2));
    old.swap(slots_);
    for (const Slot& slot : old)
        if (slot.size != 0) insert(slot);
}

void Router::insert(const Slot& slot) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t i = slot.hash & mask;
    while (slots_[i].size != 0) i = (i + 1) & mask;
    slots_[i] = slot;
}

}  // namespace loom::host
