// SPDX-License-Identifier: Apache-2.0
// Choosing records of denial.

#include "proofs.hpp"

#include <algorithm>

namespace loom::file {

void Proofs::add(NodeRef node) {
    const auto present = nodes();
    if (node == 0 || count_ == nodes_.size()) return;
    if (std::ranges::find(present, node) != present.end()) return;
    nodes_[count_++] = node;
}

void Proofs::add_nsec(NodeView node, Bytes relative) {
    // An empty non-terminal has no NSEC record: the one before it says what follows.
    if (node && node.find(dns::rr_type::nsec)) {
        add(zone_.ref(node));
    } else {
        add(zone_.nsec.covering(zone_.nodes.data(), relative));
    }
}

void Proofs::add_covering(Bytes whole) {
    add(zone_.nsec3.covering(hasher_.hash(zone_.nsec3_parameters, whole)));
}

const Nsec3Links* Proofs::links(const NameCursor& name, unsigned suffix) const {
    const std::uint32_t slot =
        zone_.names.find_slot(zone_.nodes.data(), name.hash(suffix), name.relative(suffix));
    return slot == NameTable::none ? nullptr : &zone_.nsec3_links[slot];
}

NodeRef Proofs::matching(const NameCursor& name, unsigned suffix) const {
    const Nsec3Links* found = links(name, suffix);
    return found ? found->matching : 0;
}

// With opt-out the closest encloser may have no NSEC3 record; then one above it is proved.
void Proofs::add_closest_provable(const NameCursor& name, unsigned encloser) {
    while (encloser < name.depth() && matching(name, encloser) == 0) ++encloser;
    add(matching(name, encloser));
    if (encloser > 0) add_covering(name.whole(encloser - 1));
}

void Proofs::no_data(const NameCursor& name, NodeView node) {
    if (has_nsec()) return add_nsec(node, name.relative());
    if (!has_nsec3()) return;
    if (const NodeRef match = matching(name, 0); match != 0) return add(match);
    add_closest_provable(name, 0);
}

void Proofs::no_name(const NameCursor& name, unsigned encloser) {
    if (has_nsec()) {
        const WholeName wildcard =
            WholeName::wildcard(name.relative(encloser), zone_.apex_octets());
        add(zone_.nsec.covering(zone_.nodes.data(), name.relative()));
        // A name too long to exist needs no denial.
        if (wildcard.ok()) add(zone_.nsec.covering(zone_.nodes.data(), wildcard.relative()));
        return;
    }
    if (!has_nsec3()) return;
    add_closest_provable(name, encloser);
    const Nsec3Links* found = links(name, encloser);
    if (found && found->covering_wildcard != 0) return add(found->covering_wildcard);
    const WholeName wildcard = WholeName::wildcard(name.relative(encloser), zone_.apex_octets());
    if (wildcard.ok()) add_covering(wildcard.octets());
}

void Proofs::expansion(const NameCursor& name, unsigned encloser) {
    if (has_nsec()) return add(zone_.nsec.covering(zone_.nodes.data(), name.relative()));
    if (has_nsec3()) add_covering(name.whole(encloser - 1));
}

void Proofs::no_data_at_wildcard(const NameCursor& name, unsigned encloser, NodeView node) {
    if (has_nsec()) {
        add_nsec(node, node.name());
        return expansion(name, encloser);
    }
    if (!has_nsec3()) return;
    add_closest_provable(name, encloser);
    const WholeName wildcard{node.name(), zone_.apex_octets()};
    const std::uint32_t slot = zone_.slot(host_, wildcard);
    if (slot != NameTable::none) add(zone_.nsec3_links[slot].matching);
}

void Proofs::no_ds(const NameCursor& name, unsigned cut, NodeView node) {
    if (has_nsec()) return add_nsec(node, name.relative(cut));
    if (!has_nsec3()) return;
    if (const NodeRef match = matching(name, cut); match != 0) return add(match);
    add_closest_provable(name, cut);
}

}  // namespace loom::file
