// SPDX-License-Identifier: Apache-2.0
#include "router.hpp"

#include <dnsloom/dns/codes.hpp>

#include <algorithm>
#include <cstring>

namespace loom::host {

void Router::add(const HashKey& key, dns::NameView zone, std::uint32_t server) {
    const std::uint64_t hash = hash_name(key, zone);
    if (const Slot* slot = find_exact(hash, zone.octets())) {
        const Sharer sharer{slot->name, server};
        if (slot->server != server)
            sharers_.insert(std::ranges::upper_bound(sharers_, sharer), sharer);
        return;
    }
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
        return route_of(*slot);
    }
    if (!fallback) return std::nullopt;
    return route_of(*fallback);
}

std::optional<Router::Route>
Router::find_next(const loom_query& query, const Route& route) const {
    const auto labels = unsigned{query.label_count};
    const auto depth = static_cast<unsigned>(route.zone.label_count());
    const Sharer after{route.zone.data(), route.server};
    const auto next = std::ranges::upper_bound(sharers_, after);
    if (next != sharers_.end() && next->name == after.name)
        return Route{next->server, route.zone};

    // The zone whose name DS was asked for is the last choice, not the first.
    const bool wants_parent = query.qtype == dns::rr_type::ds;
    if (wants_parent && depth == labels) return std::nullopt;
    for (unsigned above = depth; above-- != 0;)
        if (const Slot* slot = find_at(query, above)) return route_of(*slot);
    if (!wants_parent) return std::nullopt;
    const Slot* own = find_at(query, labels);
    return own ? std::optional{route_of(*own)} : std::nullopt;
}

const Router::Slot* Router::find_at(const loom_query& query, unsigned depth) const {
    if (!depths_[depth]) return nullptr;
    const unsigned skipped = query.label_count - depth;
    const std::size_t offset = query.label_offset[skipped];
    return find_exact(
        query.suffix_hash[skipped],
        {query.qname_lower.data + offset, query.qname_lower.size - offset});
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
