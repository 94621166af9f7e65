// SPDX-License-Identifier: Apache-2.0
// Walks over all nodes of a zone that was just loaded.

#include "zone_links.hpp"

#include "node_encoder.hpp"

#include <algorithm>
#include <cstring>

namespace loom::file {

namespace rr_type = dns::rr_type;

namespace {

Bytes parent_of(Bytes relative) { return relative.subspan(std::size_t{1} + relative[0]); }

bool is_wildcard(Bytes relative) { return relative[0] == 1 && relative[1] == '*'; }

}  // namespace

// Nodes that `visit` adds are visited too.
template <class Visitor>
void ZoneLinks::each_node(Visitor&& visit) {
    for (std::size_t at = node_align; at < zone_.nodes.size();) {
        visit(NodeView{zone_.nodes.data() + at});
        at += NodeView{zone_.nodes.data() + at}.head().size;
    }
}

void ZoneLinks::mark(NodeView node, std::uint8_t flag) {
    zone_.nodes.data()[node.octets() - zone_.nodes.data() + 1] |= flag;
}

std::expected<void, std::string> ZoneLinks::link() {
    add_parents();
    if (has_diversions_) mark_occluded();
    zone_.names.fit();
    find_targets();
    prepare_soa();
    index_nsec();
    if (auto indexed = index_nsec3(); !indexed) return indexed;
    zone_.nodes.shrink();
    return {};
}

void ZoneLinks::add_parents() {
    NodeEncoder encoder{zone_.apex_octets()};
    NodeRecords no_records;
    each_node([&](NodeView node) {
        if (node.has(node_flag::cut | node_flag::dname)) has_diversions_ = true;
        if (node.is_apex() || node.has(node_flag::nsec3_only)) return;
        const bool wildcard = is_wildcard(node.name());
        const Bytes name = parent_of(node.name());
        NodeView parent;
        if (name.empty()) {
            parent = zone_.node(zone_.apex);
        } else {
            const WholeName whole{name, zone_.apex_octets()};
            parent = zone_.find(host_, whole);
            if (!parent) {
                // From the copy: the arena may move.
                const NodeRef ref = encoder.encode(zone_.nodes, whole.relative(), no_records);
                zone_.names.insert(host_.hash_name(whole.octets()), ref);
                parent = zone_.node(ref);
            }
        }
        mark(parent, node_flag::parent);
        if (wildcard) mark(parent, node_flag::wildcard_child);
    });
}

void ZoneLinks::mark_occluded() {
    const bool apex_dname = zone_.node(zone_.apex).has(node_flag::dname);
    each_node([&](NodeView node) {
        if (node.is_apex() || node.has(node_flag::nsec3_only)) return;
        bool occluded = apex_dname;
        for (Bytes name = parent_of(node.name()); !name.empty() && !occluded;
             name = parent_of(name)) {
            const NodeView ancestor = zone_.find(host_, WholeName{name, zone_.apex_octets()});
            occluded = ancestor && ancestor.has(node_flag::cut | node_flag::dname);
        }
        if (occluded) mark(node, node_flag::occluded);
    });
}

NodeRef ZoneLinks::target_of(NodeView node, std::uint16_t type, Bytes rdata) const {
    const Bytes target = rdata.subspan(static_cast<std::size_t>(target_offset(type)));
    if (target.empty()) return 0;
    Bytes relative;
    if (is_compressed(rdata) && type != rr_type::svcb && type != rr_type::https) {
        relative = target.first(target.size() - sizeof qname_pointer);
    } else {
        const auto name = dns::NameView::check(target);
        if (!name) return 0;
        // The root stands for the owner itself (RFC 9460 section 2.5.2).
        if (name->is_root() && (type == rr_type::svcb || type == rr_type::https))
            return zone_.ref(node);
        const auto size = relative_size(name->octets(), zone_.apex_octets());
        if (!size) return 0;
        relative = name->octets().first(*size);
    }
    const NodeView found = zone_.find(host_, WholeName{relative, zone_.apex_octets()});
    return found && !found.has(node_flag::nsec3_only) ? zone_.ref(found) : 0;
}

void ZoneLinks::find_targets_of(NodeView node, const RrsetView& rrset) {
    std::uint8_t* out = zone_.nodes.data() + (rrset.data() - zone_.nodes.data());
    RecordView record{rrset.data()};
    for (std::size_t i = 0; i < rrset.count(); ++i, record = record.next()) {
        const NodeRef target = target_of(node, rrset.type(), record.rdata());
        std::memcpy(out + rrset.target_offset(i), &target, sizeof target);
    }
}

void ZoneLinks::find_targets() {
    each_node([&](NodeView node) {
        node.each([&](const RrsetView& rrset) {
            if (rrset.has_targets()) find_targets_of(node, rrset);
            return true;
        });
    });
}

void ZoneLinks::prepare_soa() {
    const RrsetView rrset = zone_.node(zone_.apex).find(rr_type::soa);
    const RecordView record{rrset.data()};
    SoaBlock& soa = zone_.soa;
    auto& out = soa.octets;
    out.assign(record.at, record.at + record_head_size);
    Bytes rest = record.rdata();
    // MNAME and RNAME; SOA rdata was checked by the scanner.
    for (std::uint16_t& pointer_at : soa.pointer_at) {
        const auto name = dns::NameView::check(rest);
        if (!name) return;
        const auto relative = relative_size(name->octets(), zone_.apex_octets());
        if (relative && zone_.apex_octets().size() > 1) {
            out.insert(
                out.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(*relative));
            pointer_at = static_cast<std::uint16_t>(out.size());
            out.resize(out.size() + sizeof qname_pointer);
        } else {
            out.insert(out.end(), name->octets().begin(), name->octets().end());
        }
        rest = rest.subspan(name->size());
    }
    out.insert(out.end(), rest.begin(), rest.end());
    dns::store_u16(&out[10], static_cast<std::uint16_t>(out.size() - record_head_size));
    soa.count = 1;
    soa.size = static_cast<std::uint16_t>(out.size());
    soa.sig_count = rrset.sig_count();
    out.insert(out.end(), rrset.sigs().begin(), rrset.sigs().end());
    const std::uint8_t* numbers = rest.data();
    soa.ttl = record.ttl();
    soa.serial = dns::load_u32(numbers);
    soa.negative_ttl = std::min(soa.ttl, dns::load_u32(numbers + 16));
}

void ZoneLinks::index_nsec() {
    // A zone without NSEC at its apex has no chain.
    if (!zone_.node(zone_.apex).find(rr_type::nsec)) return;
    each_node([&](NodeView node) {
        if (!node.has(node_flag::occluded) && node.find(rr_type::nsec))
            zone_.nsec.add(zone_.ref(node), node);
    });
    zone_.nsec.order(zone_.nodes.data());
}

std::expected<void, std::string> ZoneLinks::index_nsec3() {
    const RrsetView parameters = zone_.node(zone_.apex).find(rr_type::nsec3param);
    if (!parameters || !zone_.nsec.empty()) return {};
    auto read = Nsec3Parameters::read(RecordView{parameters.data()}.rdata());
    if (!read) return std::unexpected{zone_.apex_name.to_string() + " NSEC3PARAM: " + read.error()};
    zone_.nsec3_parameters = *std::move(read);
    each_node([&](NodeView node) {
        const RrsetView rrset = node.find(rr_type::nsec3);
        Nsec3Hash hash;
        if (rrset && zone_.nsec3_parameters.match(RecordView{rrset.data()}.rdata()) &&
            read_nsec3_owner(node.name(), hash))
            zone_.nsec3.add(hash, zone_.ref(node));
    });
    zone_.nsec3.order();
    if (!zone_.nsec3.empty()) link_nsec3();
    return {};
}

void ZoneLinks::link_nsec3() {
    Nsec3Hasher hasher;
    zone_.nsec3_links.resize(zone_.names.capacity());
    for (std::uint32_t slot = 0; slot < zone_.names.capacity(); ++slot) {
        const NodeView node = zone_.node(zone_.names.node(slot));
        if (!node || node.has(node_flag::nsec3_only | node_flag::occluded)) continue;
        Nsec3Links& links = zone_.nsec3_links[slot];
        const WholeName name{node.name(), zone_.apex_octets()};
        links.matching = zone_.nsec3.matching(hasher.hash(zone_.nsec3_parameters, name.octets()));
        // Other names are seldom the closest encloser of anything.
        if (!node.has(node_flag::parent)) continue;
        const WholeName wildcard = WholeName::wildcard(node.name(), zone_.apex_octets());
        if (wildcard.ok())
            links.covering_wildcard =
                zone_.nsec3.covering(hasher.hash(zone_.nsec3_parameters, wildcard.octets()));
    }
}

}  // namespace loom::file
