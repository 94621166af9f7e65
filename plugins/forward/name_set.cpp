// SPDX-License-Identifier: Apache-2.0
#include "name_set.hpp"

#include <algorithm>
#include <cstddef>

namespace loom::forward {

NameSet::NameSet(const Host& host, const std::vector<std::vector<std::uint8_t>>& names) {
    for (const auto& name : names) names_.emplace(host.hash_name(name), name);
}

bool NameSet::covers(const loom_query& query) const {
    if (names_.empty()) return false;
    const auto name = view(query.qname_lower);
    for (std::size_t i = 0; i <= query.label_count; ++i) {
        const auto offset = i < query.label_count ? query.label_offset[i] : name.size() - 1;
        auto [found, end] = names_.equal_range(query.suffix_hash[i]);
        for (; found != end; ++found)
            if (std::ranges::equal(found->second, name.subspan(offset))) return true;
    }
    return false;
}

}  // namespace loom::forward
