// SPDX-License-Identifier: Apache-2.0
// Numbers that nobody off the path can guess: query ids and which socket is used.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace loom::forward {

/// Fills `octets` from the kernel's generator.
void fill_from_kernel(std::span<std::uint8_t> octets);

/// Deals out random octets from a buffer that is refilled when it is used up, so that one system
/// call serves some thousand queries. One a worker.
class RandomIds {
public:
    using Fill = void (*)(std::span<std::uint8_t>);

    explicit RandomIds(Fill fill = fill_from_kernel) : fill_{fill} {}

    std::uint16_t id();
    /// At most the buffer's 4096 octets.
    void draw(std::span<std::uint8_t> octets);
    /// 0 .. bound-1; `bound` is 1 or more and small, so that the bias of the scaling does not matter.
    std::uint32_t below(std::uint32_t bound);

private:
    const std::uint8_t* take(std::size_t size);

    Fill fill_;
    std::array<std::uint8_t, 4096> octets_;
    std::size_t used_ = sizeof octets_;
};

}  // namespace loom::forward
