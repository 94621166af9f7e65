// SPDX-License-Identifier: Apache-2.0
#include "slice.hpp"

#include <utility>

namespace loom::cache {

bool Slice::open(std::size_t size) {
    if (region_) return true;
    auto region = Region::create(size);
    if (!region) return false;
    region_ = std::move(*region);
    return true;
}

void Slice::inherit(Region region, std::size_t size, std::uint64_t until_ns) {
    if (region.size() == size) {
        region_ = std::move(region);
        return;
    }
    previous_region_ = std::move(region);
    previous_ = previous_region_.header();
    previous_until_ns_ = until_ns;
}

Entry* Slice::lookup_previous(const Key& key, const loom_query& query, Store::Tally& tally) {
    Store own = store();
    // Once the new region is full it holds what is worth keeping; two full ones are too much.
    if (query.now_ns >= previous_until_ns_ || own.used() > own.capacity() * 3 / 4) {
        previous_ = nullptr;
        previous_done_ = true;
        return nullptr;
    }
    const Store before{*previous_};
    const Entry* const entry = before.find(key);
    if (entry == nullptr || !is_usable(before, *entry, query)) return nullptr;
    if (!own.is_valid(entry->stored_ns, suffixes(query))) return nullptr;
    return own.copy(key, *entry, query.now_ns, tally);
}

bool Slice::take_previous_done() { return std::exchange(previous_done_, false); }

void Slice::tell(ChangeTable::Scope scope, std::uint64_t name_hash) {
    const std::scoped_lock lock{mutex_};
    if (changes_.size() < ChangeTable::records_max) {
        changes_.push_back({scope, name_hash});
    } else {
        changes_lost_ = true;
    }
}

void Slice::tell_all() {
    const std::scoped_lock lock{mutex_};
    changes_lost_ = true;
}

void Slice::hear(std::uint64_t now_ns) {
    const std::scoped_lock lock{mutex_};
    for (const Change& change : changes_) store().change(change.scope, change.name_hash, now_ns);
    if (changes_lost_) store().flush(now_ns);
    changes_.clear();
    changes_lost_ = false;
}

}  // namespace loom::cache
