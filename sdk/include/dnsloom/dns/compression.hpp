// SPDX-License-Identifier: Apache-2.0
// Name compression for a message being written (RFC 1035 section 4.1.4).
#pragma once

#include <dnsloom/dns/name.hpp>
#include <dnsloom/dns/wire.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace loom::dns {

/// Remembers where in a message names were written. Each entry is one label and, to its right, the
/// entry of the rest of the name, so a lookup goes from the root leftwards and compares each label
/// once. Holds a fixed number of labels: when full, it goes on compressing against those it has.
class CompressionMap {
public:
    static constexpr std::size_t entries_max = 128;

    /// Writes `name`, as short as it goes, and remembers what was new. `writer` is at the offset in
    /// the message: the message begins where the writer's buffer begins.
    void write(Writer& writer, NameView name);

    /// Remembers a name that stands uncompressed in the message at `offset`.
    void remember(std::span<const std::uint8_t> message, std::size_t offset, NameView name);

    std::size_t size() const { return size_; }

    /// Forgets what was added since size() was `size`, for octets that are taken back.
    void roll_back(std::size_t size);

private:
    // Twice as many slots as entries keeps the probes short.
    static constexpr std::size_t slot_count = 2 * entries_max;

    // `offset` of the label in the message and `parent`, that of the rest of the name; 0 is the
    // root as a parent and an empty slot as an offset.
    struct Slot {
        std::uint16_t offset = 0;
        std::uint16_t parent = 0;
    };

    std::size_t probe(const std::uint8_t* message, std::uint16_t parent, Label label) const;
    void insert(
        const std::uint8_t* message,
        NameView name,
        std::size_t labels_new,
        std::size_t offset,
        std::uint16_t parent);

    std::array<Slot, slot_count> slots_{};
    std::array<std::uint8_t, entries_max> order_;  // Slots in the order they were filled.
    std::size_t size_ = 0;
};

}  // namespace loom::dns
