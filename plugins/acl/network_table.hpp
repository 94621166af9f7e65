// SPDX-License-Identifier: Apache-2.0
// From an address to the decisions of all networks that it is in, in a few steps however many
// networks there are.
#pragma once

#include "decision_sets.hpp"
#include "network.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace loom::acl {

/// A network and the rule that names it.
struct NetworkRule {
    Network network;
    std::uint32_t rule = 0;
};

/// A trie of one family: 12 bits of an address choose from a table, then 6 from a node, and so on.
/// A node has its 64 places in two bit fields and holds only what differs (Asai and Ohara,
/// "Poptrie", 2015), so ten thousand networks fit into a processor's second cache. What networks on
/// the way say is merged into the places below when the trie is built, so a look-up only goes
/// down.
class NetworkTable {
public:
    /// All of one family, in any order. `everywhere` is the set of addresses in no network.
    NetworkTable(std::vector<NetworkRule> networks, DecisionSets& sets, std::uint32_t everywhere);

    /// The set of an address. Any thread.
    std::uint32_t find(AddressBits address) const {
        std::uint32_t place = root_[address.take(root_bits)];
        while ((place & is_set) == 0) {
            const Node& node = nodes_[place];
            const std::uint64_t bit = std::uint64_t{1} << address.take(node_bits);
            const std::uint64_t before = bit - 1;
            if ((node.children & bit) != 0)
                place = node.first_child + count(node.children & before);
            else
                return sets_[node.first_set + count(node.changes & (before | bit)) - 1];
        }
        return place & ~is_set;
    }

private:
    static constexpr unsigned root_bits = 12;
    static constexpr unsigned node_bits = 6;
    static constexpr std::uint32_t is_set = 0x8000'0000;

    struct Node {
        std::uint64_t children = 0;  ///< Places that have a node.
        std::uint64_t changes = 0;   ///< Places with another set than the place with a set before.
        std::uint32_t first_child = 0;
        std::uint32_t first_set = 0;
    };

    class Builder;

    static std::uint32_t count(std::uint64_t bits) {
        return static_cast<std::uint32_t>(std::popcount(bits));
    }

    std::vector<std::uint32_t> root_;  // Sets with is_set, or nodes.
    std::vector<Node> nodes_;
    std::vector<std::uint32_t> sets_;
};

}  // namespace loom::acl
