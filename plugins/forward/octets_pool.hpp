// SPDX-License-Identifier: Apache-2.0
// Buffers for replies that wait to be handed on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace loom::forward {

using Octets = std::vector<std::uint8_t>;

/// Keeps buffers of one size, so that a reply moves from the socket to its query without being
/// copied and without allocation.
class OctetsPool {
public:
    static constexpr std::size_t buffer_size = 2048;

    Octets take() {
        if (free_.empty()) return Octets(buffer_size);
        auto octets = std::move(free_.back());
        free_.pop_back();
        return octets;
    }
    /// Buffers that grew (replies over TCP) are freed instead.
    void give(Octets octets) {
        if (octets.capacity() < buffer_size || octets.capacity() > 2 * buffer_size) return;
        if (free_.size() >= kept_max) return;
        octets.resize(buffer_size);
        free_.push_back(std::move(octets));
    }

private:
    static constexpr std::size_t kept_max = 1024;
    std::vector<Octets> free_;
};

}  // namespace loom::forward
