// SPDX-License-Identifier: Apache-2.0
// Names of the configuration, found by the hashes that every query brings along.
#pragma once

#include <dnsloom/abi/query.h>
#include <dnsloom/host.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace loom {

/// Does not change once it is made, so any thread may ask. A question costs a look-up for each label of
/// the query's name, however many names there are, and nothing when there are none.
class NameSet {
public:
    NameSet() = default;
    /// The names of an option of type LOOM_OPTION_NAME that is a list; none if it is not given.
    NameSet(const Host& host, const std::optional<Option>& list) {
        for (uint32_t i = 0; list && i < list->size(); ++i) {
            const auto name = (*list)[i].name();
            names_.emplace(host.hash_name(name), std::vector<uint8_t>{name.begin(), name.end()});
        }
    }

    bool empty() const { return names_.empty(); }

    /// Whether the query's name, or one above it, is in the set.
    bool covers(const loom_query& query) const {
        if (names_.empty()) return false;
        const Bytes name = view(query.qname_lower);
        for (std::size_t i = 0; i <= query.label_count; ++i) {
            const std::size_t offset =
                i < query.label_count ? query.label_offset[i] : name.size() - 1;
            auto [found, end] = names_.equal_range(query.suffix_hash[i]);
            for (; found != end; ++found)
                if (std::ranges::equal(found->second, name.subspan(offset))) return true;
        }
        return false;
    }

private:
    std::unordered_multimap<uint64_t, std::vector<uint8_t>> names_;  // By hash, in wire form.
};

}  // namespace loom
