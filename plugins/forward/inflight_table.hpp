// SPDX-License-Identifier: Apache-2.0
// Which query waits for which id on one socket or connection.
#pragma once

#include "random_ids.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace loom::forward {

/// A bounded hash table from query id to the number of an exchange. Open addressing at half load;
/// the ids are random, so they are their own hash. No allocation after the constructor.
class InflightTable {
public:
    /// At most `most` entries, 1..16384.
    explicit InflightTable(std::size_t most);

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    bool full() const { return size_ == most_; }

    /// Enters `owner` under a random id that is free; nothing when the table is full.
    std::optional<std::uint16_t> enter(std::uint32_t owner, RandomIds& ids);
    /// False if the id is taken or the table is full.
    bool insert(std::uint16_t id, std::uint32_t owner);
    std::optional<std::uint32_t> find(std::uint16_t id) const;
    /// False if there was no such id.
    bool erase(std::uint16_t id);

    /// The exchanges that wait, in no order.
    std::vector<std::uint32_t> owners() const;

private:
    struct Entry {
        std::uint32_t owner;
        std::uint16_t id;
    };
    static constexpr std::uint32_t nobody = UINT32_MAX;

    std::size_t home(std::uint16_t id) const { return id & (entries_.size() - 1); }
    std::size_t after(std::size_t place) const { return (place + 1) & (entries_.size() - 1); }
    /// Where `id` stands, or where it would be put.
    std::size_t locate(std::uint16_t id) const;

    std::size_t most_;
    std::size_t size_ = 0;
    std::vector<Entry> entries_;
};

}  // namespace loom::forward
