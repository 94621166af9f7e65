// SPDX-License-Identifier: Apache-2.0
// The memory of one worker's cache, which outlives the instance and even the code that made it.
#pragma once

#include "layout.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace loom::cache {

/// Where a region is, for another instance in the same process.
struct RegionAddress {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::uint64_t nonce = 0;
};

/// A counted reference to a region; the last one unmaps it. References may be taken and dropped on
/// any thread. What is inside is not protected by a lock: only the worker that a region belongs to
/// looks at more than the first line of its header.
class Region {
public:
    static constexpr std::size_t size_min = std::size_t{64} << 10U;
    static constexpr std::size_t size_max = std::size_t{64} << 30U;  ///< 2^32 log_units.

    /// The size of a region that takes at most `size` octets: whole pages.
    static std::size_t whole_pages(std::size_t size);

    /// Maps a new one of whole_pages(size). Memory is used as it fills. Nothing if the system
    /// refuses or the size is out of bounds.
    [[nodiscard]] static std::optional<Region> create(std::size_t size);

    /// Refers to one that somebody else holds. Nothing if there is no such region of this layout:
    /// whatever the address is, this does not fault.
    [[nodiscard]] static std::optional<Region> attach(const RegionAddress& where);

    Region() = default;
    Region(Region&& other) noexcept : header_{std::exchange(other.header_, nullptr)} {}
    Region& operator=(Region&& other) noexcept {
        std::swap(header_, other.header_);
        return *this;
    }
    ~Region();

    explicit operator bool() const { return header_ != nullptr; }
    RegionHeader* header() const { return header_; }
    std::size_t size() const { return header_->size; }
    RegionAddress address() const;
    /// Whether nobody else refers to it. Nobody new can, once no one is told the address.
    bool is_sole() const { return header_->references.load(std::memory_order_acquire) == 1; }

private:
    explicit Region(RegionHeader* header) : header_{header} {}

    RegionHeader* header_ = nullptr;
};

}  // namespace loom::cache
