// SPDX-License-Identifier: Apache-2.0
#include "exchange.hpp"

#include <cstring>

namespace loom::host {

void* Exchange::scratch() {
    const StageDetails& details = pipeline->details[stage];
    if (details.plugin->scratch_size == 0) return nullptr;
    if (!scratch_block) {
        auto* block = static_cast<std::uint8_t*>(arena.allocate(pipeline->scratch_size, 16));
        if (!block) return nullptr;
        std::memset(block, 0, pipeline->scratch_size);
        scratch_block = block;
    }
    return scratch_block + details.scratch_offset;
}

std::span<std::uint8_t> Exchange::keep(std::span<const std::uint8_t> octets) {
    auto* copy = static_cast<std::uint8_t*>(arena.allocate(octets.size() ? octets.size() : 1, 1));
    if (!copy) return {};
    if (!octets.empty()) std::memcpy(copy, octets.data(), octets.size());
    return {copy, octets.size()};
}

}  // namespace loom::host
