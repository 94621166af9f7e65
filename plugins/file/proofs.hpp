// SPDX-License-Identifier: Apache-2.0
// Which NSEC or NSEC3 records prove what an answer says (RFC 4035 section 3.1.3, RFC 5155
// section 7.2).
#pragma once

#include "denial_nsec3.hpp"
#include "name_cursor.hpp"
#include "zone_snapshot.hpp"

#include <dnsloom/host.hpp>

#include <array>
#include <cstddef>
#include <span>

namespace loom::file {

/// Collects the nodes whose NSEC or NSEC3 records an answer needs, each once. In a zone that is
/// not signed it collects none.
class Proofs {
public:
    Proofs(const Host& host, const ZoneSnapshot& zone, Nsec3Hasher& hasher)
        : host_{host}, zone_{zone}, hasher_{hasher} {}

    /// The name exists as `node`, but not the type.
    void no_data(const NameCursor& name, NodeView node);
    /// The name does not exist; suffix `encloser` is the closest that does.
    void no_name(const NameCursor& name, unsigned encloser);
    /// The answer comes from a wildcard at suffix `encloser`: no closer name exists.
    void expansion(const NameCursor& name, unsigned encloser);
    /// The same, and the wildcard `node` has not the type.
    void no_data_at_wildcard(const NameCursor& name, unsigned encloser, NodeView node);
    /// Suffix `cut` is a delegation, `node`, without DS.
    void no_ds(const NameCursor& name, unsigned cut, NodeView node);

    std::span<const NodeRef> nodes() const { return {nodes_.data(), count_}; }

private:
    void add(NodeRef node);
    bool has_nsec() const { return !zone_.nsec.empty(); }
    bool has_nsec3() const { return !zone_.nsec3.empty(); }
    void add_nsec(NodeView node, Bytes relative);
    void add_covering(Bytes whole);
    const Nsec3Links* links(const NameCursor& name, unsigned suffix) const;
    NodeRef matching(const NameCursor& name, unsigned suffix) const;
    void add_closest_provable(const NameCursor& name, unsigned encloser);

    const Host& host_;
    const ZoneSnapshot& zone_;
    Nsec3Hasher& hasher_;
    // Three for the last name and one for each wildcard on the way.
    std::array<NodeRef, 12> nodes_;
    std::size_t count_ = 0;
};

}  // namespace loom::file
