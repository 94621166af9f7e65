// SPDX-License-Identifier: Apache-2.0
// A zone's NSEC records in canonical order (RFC 4034 section 4, RFC 4035 section 3.1.3).
#pragma once

#include "node.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace loom::file {

class NsecIndex {
public:
    /// Adds a node that has an NSEC record; order() follows.
    void add(NodeRef node, NodeView view);
    /// Sorts what was added.
    void order(const std::uint8_t* nodes);

    bool empty() const { return nodes_.empty(); }
    /// The last node at or before `relative`: its NSEC record covers the name, or matches it.
    NodeRef covering(const std::uint8_t* nodes, Bytes relative) const;

private:
    // Keys by themselves, since a search reads few octets of many entries. The names are
    // looked at only where keys are equal.
    std::vector<std::uint64_t> keys_;
    std::vector<NodeRef> nodes_;
};

}  // namespace loom::file
