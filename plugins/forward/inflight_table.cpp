// SPDX-License-Identifier: Apache-2.0
#include "inflight_table.hpp"

#include <bit>

namespace loom::forward {

InflightTable::InflightTable(std::size_t most)
    : most_{most}, entries_(std::bit_ceil(most * 2), Entry{nobody, 0}) {}

std::size_t InflightTable::locate(std::uint16_t id) const {
    auto place = home(id);
    while (entries_[place].owner != nobody && entries_[place].id != id) place = after(place);
    return place;
}

std::optional<std::uint16_t> InflightTable::enter(std::uint32_t owner, RandomIds& ids) {
    if (full()) return std::nullopt;
    // At most a quarter of all ids are in use, so this ends soon.
    for (;;) {
        const auto id = ids.id();
        if (insert(id, owner)) return id;
    }
}

bool InflightTable::insert(std::uint16_t id, std::uint32_t owner) {
    if (full()) return false;
    auto& entry = entries_[locate(id)];
    if (entry.owner != nobody) return false;
    entry = {owner, id};
    ++size_;
    return true;
}

std::optional<std::uint32_t> InflightTable::find(std::uint16_t id) const {
    const auto& entry = entries_[locate(id)];
    if (entry.owner == nobody) return std::nullopt;
    return entry.owner;
}

bool InflightTable::erase(std::uint16_t id) {
    auto hole = locate(id);
    if (entries_[hole].owner == nobody) return false;
    // Entries behind the hole move up where a search would otherwise stop too early.
    for (auto next = after(hole); entries_[next].owner != nobody; next = after(next)) {
        const auto mask = entries_.size() - 1;
        const auto distance = (next - home(entries_[next].id)) & mask;
        if (distance < ((next - hole) & mask)) continue;
        entries_[hole] = entries_[next];
        hole = next;
    }
    entries_[hole].owner = nobody;
    --size_;
    return true;
}

std::vector<std::uint32_t> InflightTable::owners() const {
    std::vector<std::uint32_t> found;
    found.reserve(size_);
    for (const auto& entry : entries_)
        if (entry.owner != nobody) found.push_back(entry.owner);
    return found;
}

}  // namespace loom::forward
