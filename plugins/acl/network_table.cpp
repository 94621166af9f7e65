// SPDX-License-Identifier: Apache-2.0
// Building the trie from sorted networks.

#include "network_table.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace loom::acl {
namespace {

/// `count` bits from `depth` on.
std::uint32_t bits_at(const Network& network, unsigned depth, unsigned count) {
    AddressBits bits = network.bits;
    constexpr unsigned most = 32;
    for (; depth > most; depth -= most) bits.take(most);
    if (depth > 0) bits.take(depth);
    return bits.take(count);
}

}  // namespace

class NetworkTable::Builder {
public:
    using Range = std::span<const NetworkRule>;

    Builder(NetworkTable& table, DecisionSets& sets) : table_{table}, sets_{sets} {}

    /// The table of the first bits.
    void build_root(Range all, std::uint32_t everywhere) {
        std::vector<std::uint32_t> places(std::size_t{1} << root_bits, everywhere);
        fill(all, 0, root_bits, places);
        table_.root_.reserve(places.size());
        for (const std::uint32_t set : places) table_.root_.push_back(set | is_set);
        each_child(all, 0, root_bits, [&](std::uint32_t place, Range range) {
            const std::uint32_t node = add_nodes(1);
            table_.root_[place] = node;
            build(node, range, root_bits, places[place]);
        });
    }

private:
    std::uint32_t add_nodes(std::size_t count) {
        const auto first = static_cast<std::uint32_t>(table_.nodes_.size());
        table_.nodes_.resize(first + count);
        return first;
    }

    /// Makes the node for the addresses that agree in their first `depth` bits.
    void build(std::uint32_t number, Range range, unsigned depth, std::uint32_t inherited) {
        std::array<std::uint32_t, std::size_t{1} << node_bits> places{};
        places.fill(inherited);
        fill(range, depth, node_bits, places);

        Node node;
        std::vector<std::pair<std::uint32_t, Range>> children;
        each_child(range, depth, node_bits, [&](std::uint32_t place, Range below) {
            node.children |= std::uint64_t{1} << place;
            children.emplace_back(place, below);
        });
        place_sets(node, places);
        node.first_child = add_nodes(children.size());
        table_.nodes_[number] = node;
        for (std::uint32_t i = 0; i < children.size(); ++i) {
            const auto& [place, below] = children[i];
            build(node.first_child + i, below, depth + node_bits, places[place]);
        }
    }

    void place_sets(Node& node, std::span<const std::uint32_t> places) {
        node.first_set = static_cast<std::uint32_t>(table_.sets_.size());
        for (std::size_t i = 0; i < places.size(); ++i) {
            const std::uint64_t bit = std::uint64_t{1} << i;
            if ((node.children & bit) != 0) continue;
            if (node.changes != 0 && table_.sets_.back() == places[i]) continue;
            node.changes |= bit;
            table_.sets_.push_back(places[i]);
        }
    }

    /// Merges the networks that end within these bits into their places. In the order of the rules:
    /// so a place changes once a class of types at most.
    void fill(Range range, unsigned depth, unsigned bits, std::span<std::uint32_t> places) {
        const unsigned end = depth + bits;
        std::vector<const NetworkRule*> here;
        for (const NetworkRule& entry : range) {
            const unsigned length = entry.network.length;
            if (length <= end && (length > depth || depth == 0)) here.push_back(&entry);
        }
        std::ranges::sort(here, {}, &NetworkRule::rule);
        for (const NetworkRule* entry : here) {
            const std::size_t first = bits_at(entry->network, depth, bits);
            const std::size_t count = std::size_t{1} << (end - entry->network.length);
            for (std::uint32_t& set : places.subspan(first, count))
                set = sets_.merge(set, entry->rule);
        }
    }

    /// Calls with each place that longer networks are in, and with what is sorted in among them.
    template <class F>
    static void each_child(Range range, unsigned depth, unsigned bits, F call) {
        const auto place_of = [&](const NetworkRule& entry) {
            return bits_at(entry.network, depth, bits);
        };
        while (!range.empty()) {
            const std::uint32_t place = place_of(range.front());
            const auto other = std::ranges::find_if(
                range, [&](const NetworkRule& entry) { return place_of(entry) != place; });
            const Range same = range.first(static_cast<std::size_t>(other - range.begin()));
            range = range.subspan(same.size());
            const bool has_longer = std::ranges::any_of(same, [&](const NetworkRule& entry) {
                return entry.network.length > depth + bits;
            });
            if (has_longer) call(place, same);
        }
    }

    NetworkTable& table_;
    DecisionSets& sets_;
};

NetworkTable::NetworkTable(
    std::vector<NetworkRule> networks, DecisionSets& sets, std::uint32_t everywhere) {
    const auto order = [](const NetworkRule& entry) {
        const Network& n = entry.network;
        return std::tuple{n.bits.high, n.bits.low, n.length, entry.rule};
    };
    std::ranges::sort(networks, {}, order);
    Builder{*this, sets}.build_root(networks, everywhere);
}

}  // namespace loom::acl
