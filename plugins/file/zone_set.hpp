// SPDX-License-Identifier: Apache-2.0
// The zones of an instance, and which of them a query is for.
#pragma once

#include "zone_snapshot.hpp"

#include <dnsloom/abi/query.h>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/host.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace loom::file {

struct Zone {
    /// What queries read; nullptr while there is nothing. Owned by the set.
    std::atomic<const ZoneSnapshot*> current{nullptr};
    std::vector<std::uint8_t> name;  ///< Wire form, lower case.

    dns::NameView name_view() const { return dns::NameView::from_trusted(name); }
};

/// A zone, and its apex's place in the query's suffixes.
struct ZoneMatch {
    const Zone* zone = nullptr;
    unsigned apex_index = 0;
};

/// Fixed when it is made; only what the zones point at changes. Cost does not grow with the number
/// of zones.
class ZoneSet {
public:
    /// `names` in lower case; doubles are left out.
    ZoneSet(const Host& host, const std::vector<Bytes>& names);
    ~ZoneSet();
    ZoneSet(const ZoneSet&) = delete;
    ZoneSet& operator=(const ZoneSet&) = delete;

    /// The longest zone that the question's name is in; for DS the one above the name, if it is
    /// here.
    ZoneMatch find(const loom_query& query) const;

    std::size_t size() const { return count_; }
    Zone& operator[](std::size_t index) { return zones_[index]; }

private:
    struct Slot {
        std::uint64_t hash = 0;
        std::uint32_t zone = 0;  ///< Index and 1; 0: empty.
    };
    Zone* at(std::uint64_t hash, Bytes name) const;

    std::unique_ptr<Zone[]> zones_;
    std::size_t count_ = 0;
    std::vector<Slot> slots_;                // Its size is a power of two.
    std::array<std::uint64_t, 2> depths_{};  // Bit n: a zone has n labels.
};

}  // namespace loom::file
