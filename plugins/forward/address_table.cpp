// SPDX-License-Identifier: Apache-2.0
#include "address_table.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace loom::forward {

bool same_address(const loom_address& a, const loom_address& b) {
    return a.family == b.family && a.port == b.port && a.scope == b.scope &&
           std::memcmp(a.ip, b.ip, sizeof a.ip) == 0;
}

AddressTable::Snapshot AddressTable::read() const {
    const std::scoped_lock lock{mutex_};
    return latest_;
}

UpstreamSet AddressTable::assign(
    std::size_t first, std::size_t count, std::span<const loom_address> addresses) {
    const std::scoped_lock lock{mutex_};
    std::vector<loom_address> fresh{
        addresses.begin(),
        addresses.begin() + static_cast<std::ptrdiff_t>(std::min(count, addresses.size()))};
    UpstreamSet kept = 0;
    for (auto i = first; i < first + count; ++i) {
        const auto bit = UpstreamSet{1} << i;
        if ((latest_.present & bit) == 0) continue;
        const auto same = [&](const auto& a) { return same_address(a, latest_.addresses[i]); };
        if (std::erase_if(fresh, same) != 0) kept |= bit;
    }
    UpstreamSet changed = 0;
    auto next = fresh.begin();
    for (auto i = first; i < first + count; ++i) {
        const auto bit = UpstreamSet{1} << i;
        if ((kept & bit) != 0) continue;
        if (next != fresh.end()) {
            latest_.addresses[i] = *next++;
            latest_.present |= bit;
            changed |= bit;
        } else if ((latest_.present & bit) != 0) {
            latest_.present &= ~bit;
            changed |= bit;
        }
    }
    if (changed == 0) return 0;
    ++latest_.generation;
    generation_.store(latest_.generation, std::memory_order_release);
    return changed;
}

}  // namespace loom::forward
