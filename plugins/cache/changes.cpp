// SPDX-License-Identifier: Apache-2.0
#include "changes.hpp"

#include <algorithm>

namespace loom::cache {

std::uint64_t ChangeTable::key_of(Scope scope, std::uint64_t name_hash) {
    constexpr std::uint64_t name_mark = 0x9E3779B97F4A7C15U;
    const std::uint64_t key = scope == Scope::name ? name_hash ^ name_mark : name_hash;
    return key == 0 ? 1 : key;
}

ChangeTable::Record& ChangeTable::place_of(std::uint64_t key) {
    std::size_t at = key % places;
    while (records_[at].key != 0 && records_[at].key != key) at = (at + 1) % places;
    return records_[at];
}

bool ChangeTable::add(
    Scope scope, std::uint64_t name_hash, std::uint64_t at_ns, std::uint64_t forget_before_ns) {
    const std::uint64_t key = key_of(scope, name_hash);
    if (Record& known = place_of(key); known.key == key) {
        known.at_ns = std::max(known.at_ns, at_ns);
        return true;
    }
    if (count_ == records_max) forget_before(forget_before_ns);
    if (count_ == records_max) return false;
    place_of(key) = {key, at_ns};
    ++count_;
    return true;
}

bool ChangeTable::changed_key(std::uint64_t key, std::uint64_t since_ns) const {
    for (std::size_t at = key % places; records_[at].key != 0; at = (at + 1) % places) {
        if (records_[at].key == key) return records_[at].at_ns >= since_ns;
    }
    return false;
}

bool ChangeTable::changed(
    std::span<const std::uint64_t> suffix_hashes, std::uint64_t since_ns) const {
    if (changed_key(key_of(Scope::name, suffix_hashes.front()), since_ns)) return true;
    return std::ranges::any_of(suffix_hashes, [&](std::uint64_t hash) {
        return changed_key(key_of(Scope::subtree, hash), since_ns);
    });
}

void ChangeTable::forget_before(std::uint64_t time_ns) {
    const std::array<Record, places> before = records_;
    clear();
    for (const Record& record : before) {
        if (record.key == 0 || record.at_ns < time_ns) continue;
        place_of(record.key) = record;
        ++count_;
    }
}

void ChangeTable::clear() {
    records_.fill({});
    count_ = 0;
}

}  // namespace loom::cache
