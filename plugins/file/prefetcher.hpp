// SPDX-License-Identifier: Apache-2.0
// Fetching the memory of queries that wait for their turn.
#pragma once

#include "zone_set.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace loom::file {

/// A look-up in a large zone waits for memory twice, one after the other: for the slot in the table
/// of names and for the node that it names. While a batch is served, each query's slot is fetched
/// when it is announced and its node when two more have been, by which time the slot is there.
/// Those that were announced last are served soon and go without the second.
class Prefetcher {
public:
    void announce(const ZoneSet& zones, const loom_query& query) noexcept {
        fetch_node(waiting_[next_]);
        Announced& mine = waiting_[next_];
        next_ = (next_ + 1) % waiting_.size();
        const ZoneMatch match = zones.find(query);
        mine.zone = match.zone;
        if (!match.zone) return;
        mine.hash = query.suffix_hash[0];
        if (const ZoneSnapshot* zone = match.zone->current.load(std::memory_order_acquire))
            zone->names.prefetch(mine.hash);
    }

private:
    // The zone outlives the instance's last query, but its data may have been replaced meanwhile.
    struct Announced {
        const Zone* zone = nullptr;
        std::uint64_t hash = 0;
    };

    static void fetch_node(const Announced& one) noexcept {
        if (!one.zone) return;
        const ZoneSnapshot* zone = one.zone->current.load(std::memory_order_acquire);
        if (!zone) return;
        const NodeRef ref = zone->names.likely_node(one.hash);
        if (ref == 0) return;
        const std::uint8_t* const at = zone->node(ref).octets();
        for (std::size_t line = 0; line < zone->node_lines; ++line)
            __builtin_prefetch(at + line * 64);
    }

    std::array<Announced, 2> waiting_{};
    std::size_t next_ = 0;
};

}  // namespace loom::file
