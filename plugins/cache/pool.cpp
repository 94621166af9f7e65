// SPDX-License-Identifier: Apache-2.0
#include "pool.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace loom::cache {

std::shared_ptr<Pool> Pool::of(const std::string& name, const Sizes& sizes, std::uint32_t workers) {
    // One for each build of the plugin: what another build shares comes by hand-over.
    static std::map<std::pair<std::string, Sizes>, std::weak_ptr<Pool>> shared;
    std::erase_if(shared, [](const auto& entry) { return entry.second.expired(); });
    const auto known = shared.find({name, sizes});
    if (known != shared.end()) return known->second.lock();
    auto pool = std::make_shared<Pool>();
    for (std::uint32_t i = 0; i < (sizes.denials != 0 ? 2 : 1) * workers; ++i)
        pool->slices.push_back(std::make_unique<Slice>());
    if (!name.empty()) shared.emplace(std::pair{name, sizes}, pool);
    return pool;
}

bool Pool::is_left() const {
    return users == 0 && std::ranges::all_of(slices, [](const auto& slice) {
               return slice->region() && slice->region().is_sole();
           });
}

}  // namespace loom::cache
