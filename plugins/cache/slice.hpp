// SPDX-License-Identifier: Apache-2.0
// One worker's share of the cache.
#pragma once

#include "region.hpp"
#include "store.hpp"

#include <dnsloom/abi/query.h>
#include <dnsloom/options.hpp>

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace loom::cache {

/// The regions that one worker works with, and the changes that it has yet to hear of.
///
/// Why there is no lock around a region although two instances may hold it: while a new instance
/// takes over, worker n's region is in the hands of worker n's thread alone. Before the swap on
/// that worker only the old instance's hooks run, afterwards the new one's, and in between, for
/// queries that the old one has not finished, both: but one after the other, on that same thread. A
/// hook keeps no pointer into a region when it returns.
class Slice {
public:
    /// Takes over a region of the old instance, or maps one of `size` octets if there is none.
    /// False if the system refuses. [C, before the worker uses it]
    [[nodiscard]] bool open(std::size_t size);

    /// A region of the old instance: one of the size wanted is used on, another one is read until
    /// `until_ns`. [C, before open()]
    void inherit(Region region, std::size_t size, std::uint64_t until_ns);

    const Region& region() const { return region_; }
    /// Whether it has taken over something of an old instance. [C, before open()]
    bool has_memory() const { return static_cast<bool>(region_) || previous_ != nullptr; }
    Store store() const { return Store{*region_.header()}; }

    /// The answer for a key that can be served now, or nullptr. One that is found in the previous
    /// region is placed anew. [W]
    Entry* lookup(const Key& key, const loom_query& query, Store::Tally& tally) {
        Entry* const entry = store().find(key);
        if (entry != nullptr && is_usable(store(), *entry, query)) return entry;
        if (previous_ != nullptr) [[unlikely]]
            return lookup_previous(key, query, tally);
        return nullptr;
    }

    /// The answer or denial for a key that ended no more than `seconds` ago, or nullptr. [W]
    const Entry* stale(const Key& key, const loom_query& query, std::uint32_t seconds) const {
        const Entry* const entry = store().find(key);
        return entry != nullptr && entry->kind != Kind::failure &&
                       entry->age(query.now_ns) < std::uint64_t{entry->ttl} + seconds &&
                       store().is_valid(entry->stored_ns, suffixes(query))
                   ? entry
                   : nullptr;
    }

    /// Whether an answer that was asked for at `received_ns` is not from before a change. [W]
    bool is_current(const loom_query& query) const {
        return store().is_valid(query.received_ns, suffixes(query));
    }

    /// Whether the previous region has served its time. It is not read any more then, and the
    /// control thread may call drop_previous(). True once. [W]
    [[nodiscard]] bool take_previous_done();
    void drop_previous() { previous_region_ = {}; }  ///< [C]

    /// Notes a change for the worker. [C]
    void tell(ChangeTable::Scope scope, std::uint64_t name_hash);
    /// Notes that everything changed. [C]
    void tell_all();
    /// Applies what tell() noted. `now_ns` is the clock of now, not that of the event: whatever was put
    /// in since may still be the old data. [W]
    void hear(std::uint64_t now_ns);

private:
    struct Change {
        ChangeTable::Scope scope;
        std::uint64_t name_hash;
    };

    static std::span<const std::uint64_t> suffixes(const loom_query& query) {
        return {query.suffix_hash, std::size_t{query.label_count} + 1};
    }
    static bool is_usable(const Store& store, const Entry& entry, const loom_query& query) {
        return entry.is_fresh(query.now_ns) && store.is_valid(entry.stored_ns, suffixes(query));
    }
    Entry* lookup_previous(const Key& key, const loom_query& query, Store::Tally& tally);

    Region region_;
    RegionHeader* previous_ = nullptr;  // The worker's view of previous_region_.
    bool previous_done_ = false;
    std::uint64_t previous_until_ns_ = 0;

    Region previous_region_;  // The control thread's.
    std::mutex mutex_;        // Guards the rest.
    std::vector<Change> changes_;
    bool changes_lost_ = false;
};

}  // namespace loom::cache
