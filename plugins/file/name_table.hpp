// SPDX-License-Identifier: Apache-2.0
// Finds a zone's nodes by the keyed hashes that the host has ready for each query.
#pragma once

#include "arena.hpp"
#include "node.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace loom::file {

/// Open addressing, eight octets a slot: a name is found in one cache line here and one at its
/// node. A slot's place follows from its tag and grows with it, so the table is resized in one
/// sequential pass without the names.
class NameTable {
public:
    static constexpr std::uint32_t none = UINT32_MAX;

    NameTable() { resize(4); }

    /// The slot of the node of `name`, or none. `nodes` is the arena.
    std::uint32_t find_slot(const std::uint8_t* nodes, std::uint64_t hash, Bytes name) const {
        const std::uint32_t tag = tag_of(hash);
        for (std::uint32_t i = home(tag);; i = next(i)) {
            const Slot& slot = slots()[i];
            if (slot.node == 0) return none;
            if (slot.tag != tag) continue;
            const std::uint8_t* at = nodes + std::size_t{slot.node} * node_align;
            // A node seldom fits into the rest of its first line.
            __builtin_prefetch(at + 64);
            if (at[0] == name.size() &&
                std::memcmp(at + sizeof(NodeHead), name.data(), name.size()) == 0)
                return i;
        }
    }
    NodeRef find(const std::uint8_t* nodes, std::uint64_t hash, Bytes name) const {
        const std::uint32_t slot = find_slot(nodes, hash, name);
        return slot == none ? 0 : slots()[slot].node;
    }
    /// Has the processor fetch what find_slot() will read first.
    void prefetch(std::uint64_t hash) const { __builtin_prefetch(slots() + home(tag_of(hash))); }
    /// The first node whose name may have this hash, without a look at it; 0: there is none.
    NodeRef likely_node(std::uint64_t hash) const {
        const std::uint32_t tag = tag_of(hash);
        std::uint32_t i = home(tag);
        while (slots()[i].node != 0 && slots()[i].tag != tag) i = next(i);
        return slots()[i].node;
    }
    NodeRef node(std::uint32_t slot) const { return slots()[slot].node; }
    void set_node(std::uint32_t slot, NodeRef node) { slots()[slot].node = node; }

    /// Adds a node whose name is not there yet.
    void insert(std::uint64_t hash, NodeRef node);
    /// Makes the table as large as it should be for what it holds.
    void fit();
    /// Forgets all nodes.
    void clear();

    std::uint32_t size() const { return size_; }
    std::uint32_t capacity() const { return capacity_; }

private:
    struct Slot {
        std::uint32_t tag;
        NodeRef node;
    };

    static std::uint32_t tag_of(std::uint64_t hash) {
        return static_cast<std::uint32_t>(hash >> 32U);
    }
    std::uint32_t home(std::uint32_t tag) const {
        return static_cast<std::uint32_t>(std::uint64_t{tag} * capacity_ >> 32U);
    }
    std::uint32_t next(std::uint32_t slot) const { return slot + 1 == capacity_ ? 0 : slot + 1; }
    const Slot* slots() const { return reinterpret_cast<const Slot*>(memory_.data()); }
    Slot* slots() { return reinterpret_cast<Slot*>(memory_.data()); }
    void place(Slot slot);
    void resize(std::uint32_t capacity);

    Arena memory_;
    std::uint32_t capacity_ = 0;
    std::uint32_t size_ = 0;
};

}  // namespace loom::file
