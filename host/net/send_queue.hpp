// SPDX-License-Identifier: Apache-2.0
// What a stream is still to send. No socket inside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace loom::host {

/// Octets leave in the order in which they came. Memory stays within a few times of what waits,
/// even if it never runs empty.
class SendQueue {
public:
    void append(std::span<const std::uint8_t> octets) {
        octets_.insert(octets_.end(), octets.begin(), octets.end());
    }
    std::span<const std::uint8_t> pending() const { return std::span{octets_}.subspan(sent_); }
    bool is_empty() const { return sent_ == octets_.size(); }

    /// The first `size` octets of pending() have gone.
    void take(std::size_t size) {
        sent_ += size;
        if (!is_empty()) {
            // Moved only when as much has gone since the last time.
            if (sent_ < worth_keeping || sent_ < octets_.size() - sent_) return;
            octets_.erase(octets_.begin(), octets_.begin() + static_cast<std::ptrdiff_t>(sent_));
        } else {
            octets_.clear();
        }
        sent_ = 0;
        if (octets_.capacity() / 4 > octets_.size() && octets_.capacity() > worth_keeping)
            octets_.shrink_to_fit();
    }

    std::size_t capacity() const { return octets_.capacity(); }

private:
    static constexpr std::size_t worth_keeping = 64 * 1024;

    std::vector<std::uint8_t> octets_;
    std::size_t sent_ = 0;
};

}  // namespace loom::host
