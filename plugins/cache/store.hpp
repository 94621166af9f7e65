// SPDX-License-Identifier: Apache-2.0
// Finding and placing entries in a region.
#pragma once

#include "layout.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace loom::cache {

/// The index and the log of a region, for the worker it belongs to. A view: as cheap as a pointer.
///
/// An entry is appended to the log, which goes round. The oldest ones make room for it, but one
/// that was hit since it was written is moved to the front instead, and has to be hit again to be
/// moved again. So what is asked for stays, what is not asked for a second time passes through, and
/// neither needs a list. The work of an insertion has bounds: moves_max moves, and as many removals
/// as the new entry has room for.
///
/// The index is a table of pairs of buckets. An entry stands in either bucket of the pair of its
/// hash; when both are full, the oldest one there goes that was not hit. The table grows by linear
/// hashing: now and then an insertion splits one pair in two, so that a cache of few entries keeps its
/// index in the processor's near caches and a growing one never stops to build a new table.
class Store {
public:
    static constexpr unsigned moves_max = 8;

    /// What insertions did.
    struct Tally {
        std::uint64_t placed = 0;
        std::uint64_t evicted = 0;  ///< Entries that had to go.
    };

    explicit Store(RegionHeader& header) : header_{&header} {}

    /// Has the processor fetch what find() will read first.
    void prefetch(std::uint64_t hash) const {
        for (const Bucket& bucket : pair_of(hash)) __builtin_prefetch(&bucket);
    }

    /// The entry of a key, fresh or not.
    [[nodiscard]] Entry* find(const Key& key) const;

    /// Makes an entry of `size` octets (Entry::size_for) for the key, in place of one it may have.
    /// The caller fills in all but `hash`, `units`, `key_bits` and `hit`. Pointers to other
    /// entries end. Nothing if it is too large.
    [[nodiscard]] Entry*
    place(const Key& key, std::size_t size, std::uint64_t now_ns, Tally& tally);

    /// Makes a copy of an entry of another region.
    [[nodiscard]] Entry*
    copy(const Key& key, const Entry& entry, std::uint64_t now_ns, Tally& tally);

    /// Forgets the entry of a key, if there is one.
    void remove(const Key& key) {
        if (const auto place = locate(key)) unlink(*place);
    }

    /// Whether what was stored then, for the name with these hashes, is true as far as known.
    bool is_valid(std::uint64_t stored_ns, std::span<const std::uint64_t> suffix_hashes) const {
        if (stored_ns < header_->valid_from_ns) return false;
        return header_->changes.empty() || !header_->changes.changed(suffix_hashes, stored_ns);
    }

    /// Makes what was stored up to `now_ns` for a name, or for all at and below it, invalid.
    void change(ChangeTable::Scope scope, std::uint64_t name_hash, std::uint64_t now_ns);
    /// The same for everything.
    void flush(std::uint64_t now_ns);

    void note_ttl(std::uint32_t ttl) {
        if (ttl > header_->ttl_max) header_->ttl_max = ttl;
    }

    /// Calls function(const Entry&) for the entries of one pair of buckets, of index_pairs().
    template <class Function>
    void visit(std::size_t pair, Function function) const {
        for (const Bucket& bucket : pairs()[pair])
            for (const std::uint32_t position : bucket.positions)
                if (position != 0) function(*at(std::uint64_t{position} * log_unit));
    }

    std::size_t entries() const { return header_->entries; }
    std::size_t index_pairs() const { return header_->pairs; }
    std::size_t used() const;  ///< Octets of the log that hold entries.
    std::size_t capacity() const { return header_->log_end - header_->log_begin; }
    std::size_t entry_size_max() const { return std::min(capacity() / 4, 0xFFFF * log_unit); }

private:
    struct Place {
        Bucket* bucket = nullptr;
        std::size_t index = 0;

        std::uint32_t& position() const { return bucket->positions[index]; }
    };

    std::uint8_t* base() const { return reinterpret_cast<std::uint8_t*>(header_); }
    Entry* at(std::uint64_t offset) const { return reinterpret_cast<Entry*>(base() + offset); }
    BucketPair* pairs() const {
        return reinterpret_cast<BucketPair*>(base() + sizeof(RegionHeader));
    }
    BucketPair& pair_of(std::uint64_t hash) const {
        std::uint32_t index = tag_of(hash) & header_->pair_mask;
        if (index >= header_->pairs) index &= header_->pair_mask >> 1U;  // Not yet split off.
        return pairs()[index];
    }
    bool is_wrapped() const { return header_->head <= header_->tail; }

    std::optional<Place> locate(const Key& key) const;
    /// The place of the entry at `offset`; offset 0: a free place.
    std::optional<Place> locate(std::uint64_t hash, std::uint64_t offset) const;
    std::uint64_t readiness(std::uint32_t position) const;
    Place readiest_place(std::uint64_t hash) const;
    std::uint64_t link(std::uint64_t hash, std::uint64_t offset);
    void unlink(Place place);
    void grow_index();

    std::uint64_t make_room(std::size_t size, std::uint64_t now_ns);
    bool retire_oldest(std::uint64_t now_ns, unsigned& moves_left);

    RegionHeader* header_;
};

}  // namespace loom::cache
