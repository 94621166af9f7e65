// SPDX-License-Identifier: Apache-2.0
// Whether a question is in one of a few zones.
#pragma once

#include <dnsloom/abi/query.h>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/host.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace loom::acl {

/// Compares the hashes that the host has ready; a zone costs about a nanosecond.
class ZoneList {
public:
    static constexpr std::uint32_t size_max = 64;

    void add(const Host& host, Bytes zone) {
        zones_.push_back({dns::NameView::from_trusted(zone).label_count(), host.hash_name(zone)});
    }
    bool contain(const loom_query& query) const {
        return std::ranges::any_of(zones_, [&](const Zone& zone) {
            return query.label_count >= zone.labels &&
                   query.suffix_hash[query.label_count - zone.labels] == zone.hash;
        });
    }
    bool empty() const { return zones_.empty(); }

private:
    struct Zone {
        std::size_t labels;
        std::uint64_t hash;
    };
    std::vector<Zone> zones_;
};

}  // namespace loom::acl
