// SPDX-License-Identifier: Apache-2.0
// A zone's data as queries read it: never changed once it is published.
#pragma once

#include "arena.hpp"
#include "denial_nsec.hpp"
#include "denial_nsec3.hpp"
#include "name_table.hpp"
#include "node.hpp"
#include "zone_name.hpp"

#include <dnsloom/dns/name.hpp>
#include <dnsloom/host.hpp>

#include <array>
#include <cstdint>
#include <vector>

namespace loom::file {

/// The SOA record with its signatures, names compressed; the owner and the pointers are filled in.
struct SoaBlock {
    std::vector<std::uint8_t> octets;
    std::uint16_t count = 0;  ///< 1.
    std::uint16_t size = 0;   ///< Octets of the SOA record; signatures follow.
    std::uint16_t sig_count = 0;
    std::array<std::uint16_t, 2> pointer_at{};  ///< Offsets of pointers to the apex; 0: none.
    std::uint32_t ttl = 0;
    std::uint32_t negative_ttl = 0;  ///< RFC 2308 section 5.
    std::uint32_t serial = 0;
};

/// What NSEC3 records say about an existing name, found while loading.
struct Nsec3Links {
    NodeRef matching = 0;           ///< 0 for names without NSEC3 (opt-out).
    NodeRef covering_wildcard = 0;  ///< Covers `*` in front of the name; 0 if it was not looked up.
};

struct ZoneSnapshot {
    dns::Name apex_name;  ///< Lower case.
    Arena nodes;
    NameTable names;
    NodeRef apex = 0;
    SoaBlock soa;
    NsecIndex nsec;
    Nsec3Index nsec3;
    Nsec3Parameters nsec3_parameters;
    std::vector<Nsec3Links> nsec3_links;  ///< By slot of `names`; empty without NSEC3.
    std::uint64_t record_count = 0;
    std::size_t node_lines = 1;  ///< Cache lines that a node mostly needs, within reason.

    NodeView node(NodeRef ref) const {
        return ref == 0 ? NodeView{} : NodeView{nodes.data() + std::size_t{ref} * node_align};
    }
    NodeView find(std::uint64_t hash, Bytes relative) const {
        return node(names.find(nodes.data(), hash, relative));
    }
    NodeRef ref(NodeView view) const {
        return static_cast<NodeRef>(
            static_cast<std::size_t>(view.octets() - nodes.data()) / node_align);
    }
    /// The same for a name that the host has not hashed.
    NodeView find(const Host& host, const WholeName& name) const {
        return name.ok() ? find(host.hash_name(name.octets()), name.relative()) : NodeView{};
    }
    std::uint32_t slot(const Host& host, const WholeName& name) const {
        return name.ok()
                   ? names.find_slot(nodes.data(), host.hash_name(name.octets()), name.relative())
                   : NameTable::none;
    }
    Bytes apex_octets() const { return apex_name.octets(); }
};

}  // namespace loom::file
