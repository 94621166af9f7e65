// SPDX-License-Identifier: Apache-2.0
#include "zone_names.hpp"

namespace loom::host {

ZoneNames::ZoneNames(std::span<const dns::Name> names) {
    if (names.empty()) return;
    std::size_t size = 0;
    for (const dns::Name& name : names) size += name.size();
    auto block = std::make_shared<Block>();
    block->octets.reserve(size);
    block->ends.reserve(names.size());
    for (const dns::Name& name : names) {
        const auto octets = name.octets();
        block->octets.insert(block->octets.end(), octets.begin(), octets.end());
        block->ends.push_back(static_cast<std::uint32_t>(block->octets.size()));
    }
    block_ = std::move(block);
}

dns::NameView ZoneNames::operator[](std::size_t at) const {
    const std::size_t first = at == 0 ? 0 : block_->ends[at - 1];
    return dns::NameView::from_trusted(octets().subspan(first, block_->ends[at] - first));
}

std::span<const std::uint8_t> ZoneNames::octets() const {
    if (!block_) return {};
    return block_->octets;
}

}  // namespace loom::host
