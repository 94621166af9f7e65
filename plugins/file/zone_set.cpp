// SPDX-License-Identifier: Apache-2.0
// Finding a query's zone by the hashes of its suffixes.

#include "zone_set.hpp"

#include <dnsloom/dns/codes.hpp>

#include <bit>
#include <cstring>

namespace loom::file {

ZoneSet::ZoneSet(const Host& host, const std::vector<Bytes>& names)
    : zones_{std::make_unique<Zone[]>(names.size())}, slots_(std::bit_ceil(2 * names.size() + 1)) {
    for (const Bytes name : names) {
        const std::uint64_t hash = host.hash_name(name);
        if (at(hash, name)) continue;
        zones_[count_].name.assign(name.begin(), name.end());
        const std::size_t depth = zones_[count_].name_view().label_count();
        depths_[depth / 64] |= std::uint64_t{1} << depth % 64;
        std::size_t slot = hash & (slots_.size() - 1);
        while (slots_[slot].zone != 0) slot = (slot + 1) & (slots_.size() - 1);
        slots_[slot] = {hash, static_cast<std::uint32_t>(++count_)};
    }
}

ZoneSet::~ZoneSet() {
    for (std::size_t i = 0; i < count_; ++i) delete zones_[i].current.load();
}

Zone* ZoneSet::at(std::uint64_t hash, Bytes name) const {
    for (std::size_t i = hash & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
        const Slot& slot = slots_[i];
        if (slot.zone == 0) return nullptr;
        if (slot.hash != hash) continue;
        Zone& zone = zones_[slot.zone - 1];
        if (zone.name.size() == name.size() &&
            std::memcmp(zone.name.data(), name.data(), name.size()) == 0)
            return &zone;
    }
}

ZoneMatch ZoneSet::find(const loom_query& query) const {
    const auto match = [&](unsigned i) -> ZoneMatch {
        const unsigned depth = query.label_count - i;
        if (!(depths_[depth / 64] >> depth % 64 & 1U)) return {};
        const std::size_t offset = query.label_offset[i];
        const Bytes suffix{query.qname_lower.data + offset, query.qname_lower.size - offset};
        return {at(query.suffix_hash[i], suffix), i};
    };
    const unsigned first = query.qtype == dns::rr_type::ds ? 1 : 0;
    for (unsigned i = first; i <= query.label_count; ++i)
        if (const ZoneMatch found = match(i); found.zone) return found;
    return first == 0 ? ZoneMatch{} : match(0);
}

}  // namespace loom::file
