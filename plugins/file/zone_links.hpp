// SPDX-License-Identifier: Apache-2.0
// The last step of loading: what follows from all names of a zone together.
#pragma once

#include "zone_snapshot.hpp"

#include <dnsloom/host.hpp>

#include <expected>
#include <string>

namespace loom::file {

/// Adds empty non-terminals, marks what is occluded, finds the nodes that rdata names, prepares
/// the SOA record and the proofs of denial.
class ZoneLinks {
public:
    ZoneLinks(const Host& host, ZoneSnapshot& zone) : host_{host}, zone_{zone} {}

    std::expected<void, std::string> link();

private:
    template <class Visitor>
    void each_node(Visitor&& visit);
    void mark(NodeView node, std::uint8_t flag);
    void add_parents();
    void mark_occluded();
    void find_targets();
    void find_targets_of(NodeView node, const RrsetView& rrset);
    NodeRef target_of(NodeView node, std::uint16_t type, Bytes rdata) const;
    void prepare_soa();
    void index_nsec();
    std::expected<void, std::string> index_nsec3();
    void link_nsec3();

    const Host& host_;
    ZoneSnapshot& zone_;
    bool has_diversions_ = false;  // A cut or a DNAME.
};

}  // namespace loom::file
