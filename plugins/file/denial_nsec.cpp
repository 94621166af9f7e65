// SPDX-License-Identifier: Apache-2.0
// Sorting and searching NSEC records.

#include "denial_nsec.hpp"

#include "zone_name.hpp"

#include <algorithm>
#include <numeric>

namespace loom::file {

namespace {

Bytes name_of(const std::uint8_t* nodes, NodeRef node) {
    return NodeView{nodes + std::size_t{node} * node_align}.name();
}

}  // namespace

void NsecIndex::add(NodeRef node, NodeView view) {
    nodes_.push_back(node);
    keys_.push_back(canonical_key(view.name()));
}

void NsecIndex::order(const std::uint8_t* nodes) {
    const auto before = [&](std::uint64_t key_a, NodeRef a, std::uint64_t key_b, NodeRef b) {
        if (key_a != key_b) return key_a < key_b;
        return compare_canonically(name_of(nodes, a), name_of(nodes, b)) < 0;
    };
    bool sorted = true;
    for (std::size_t i = 1; i < nodes_.size() && sorted; ++i)
        sorted = before(keys_[i - 1], nodes_[i - 1], keys_[i], nodes_[i]);
    if (!sorted) {
        std::vector<std::uint32_t> order(nodes_.size());
        std::iota(order.begin(), order.end(), 0U);
        std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
            return before(keys_[a], nodes_[a], keys_[b], nodes_[b]);
        });
        std::vector<std::uint64_t> keys(order.size());
        std::vector<NodeRef> refs(order.size());
        for (std::size_t i = 0; i < order.size(); ++i) {
            keys[i] = keys_[order[i]];
            refs[i] = nodes_[order[i]];
        }
        keys_ = std::move(keys);
        nodes_ = std::move(refs);
    }
    keys_.shrink_to_fit();
    nodes_.shrink_to_fit();
}

NodeRef NsecIndex::covering(const std::uint8_t* nodes, Bytes relative) const {
    if (empty()) return 0;
    const auto [first, last] = std::ranges::equal_range(keys_, canonical_key(relative));
    const auto* begin = nodes_.data() + (first - keys_.begin());
    const auto* end = nodes_.data() + (last - keys_.begin());
    const auto* after = std::upper_bound(begin, end, relative, [&](Bytes name, NodeRef node) {
        return compare_canonically(name, name_of(nodes, node)) < 0;
    });
    return after == nodes_.data() ? nodes_.back() : after[-1];
}

}  // namespace loom::file
