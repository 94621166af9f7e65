// SPDX-License-Identifier: Apache-2.0
// What changed when: invalidates all that a zone has in the cache without looking for it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace loom::cache {

/// Remembers zones and names with the time of their last change. Asked on a hit, it tells whether
/// an answer is from before a change. Plain data that is empty when its octets are 0: it lies in a
/// region. Names are told apart by their hashes (loom_query.suffix_hash).
class ChangeTable {
public:
    static constexpr std::size_t records_max = 256;

    /// Whether the zone or the name is meant.
    enum class Scope : std::uint8_t { subtree, name };

    bool empty() const { return count_ == 0; }
    std::size_t size() const { return count_; }

    /// Notes a change. When the table is full, records from before `forget_before_ns` go; false if
    /// that did not make room.
    [[nodiscard]] bool
    add(Scope scope, std::uint64_t name_hash, std::uint64_t at_ns, std::uint64_t forget_before_ns);

    /// Whether the name or one above it changed at `since_ns` or later. `suffix_hashes` are those
    /// of the name and of each of its ancestors.
    bool changed(std::span<const std::uint64_t> suffix_hashes, std::uint64_t since_ns) const;

    void clear();

private:
    struct Record {
        std::uint64_t key;  ///< 0: free.
        std::uint64_t at_ns;
    };
    static constexpr std::size_t places = 2 * records_max;

    static std::uint64_t key_of(Scope scope, std::uint64_t name_hash);
    Record& place_of(std::uint64_t key);
    bool changed_key(std::uint64_t key, std::uint64_t since_ns) const;
    void forget_before(std::uint64_t time_ns);

    std::uint64_t count_;
    std::array<Record, places> records_;
};

}  // namespace loom::cache
