// SPDX-License-Identifier: Apache-2.0
// From a question to the records that answer it.

#include "lookup.hpp"

#include "node_encoder.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/wire.hpp>

#include <algorithm>

namespace loom::file {

namespace rr_type = dns::rr_type;
namespace rcode = dns::rcode;

Lookup::Lookup(
    const Host& host,
    const ZoneSnapshot& zone,
    Nsec3Hasher& hasher,
    const loom_query& query,
    unsigned apex_index,
    std::span<std::uint8_t> buffer)
    : host_{host},
      zone_{zone},
      query_{query},
      cursor_{host, query, apex_index},
      writer_{buffer, query, apex_index},
      proofs_{host, zone, hasher},
      dnssec_{(query.flags & LOOM_QUERY_DO) != 0} {}

std::size_t Lookup::run(const Continuation* continuation) {
    if (writer_.overflowed()) return 0;
    for (unsigned aliases = 0; step() == Step::follow && ++aliases <= aliases_max;) {
    }
    if (outside_ && continuation) go_on(*continuation);
    write_authority();
    write_additional();
    return writer_.finish(rcode_, flags_);
}

Lookup::Step Lookup::step() {
    if (const NodeView known = cursor_.known()) return at_node(known, itself);
    NodeView node = cursor_.find(zone_, 0);
    if (node && !node.has(node_flag::diverted)) return at_node(node, itself);
    if (node && !node.has(node_flag::nsec3_only)) return divert(node, 0);
    for (unsigned i = 1; i <= cursor_.depth(); ++i) {
        node = cursor_.find(zone_, i);
        if (node && !node.has(node_flag::nsec3_only)) return at_encloser(node, i);
    }
    // Only the owner name of NSEC3 records at the apex itself could lead here.
    return no_name(0);
}

// The name, or its closest encloser, is a delegation or below one, or below a DNAME.
Lookup::Step Lookup::divert(NodeView encloser, unsigned index) {
    if (!encloser.has(node_flag::occluded)) {
        // DS belongs to the parent's side (RFC 4035 section 3.1.4.1).
        if (index == 0 && query_.qtype == rr_type::ds) return at_node(encloser, itself);
        return referral(encloser, index);
    }
    for (unsigned i = cursor_.depth(); i > index; --i) {
        const NodeView node = cursor_.find(zone_, i);
        if (!node) continue;
        if (node.has(node_flag::cut)) return referral(node, i);
        if (node.has(node_flag::dname)) return substitute(node, i);
    }
    return no_name(index);
}

Lookup::Step Lookup::at_encloser(NodeView encloser, unsigned index) {
    if (encloser.has(node_flag::diverted)) return divert(encloser, index);
    if (encloser.has(node_flag::dname)) return substitute(encloser, index);
    if (encloser.has(node_flag::wildcard_child)) {
        const WholeName name = WholeName::wildcard(cursor_.relative(index), zone_.apex_octets());
        if (const NodeView node = zone_.find(host_, name)) return at_node(node, index);
    }
    return no_name(index);
}

Lookup::Step Lookup::at_node(NodeView node, unsigned wildcard_encloser) {
    if (query_.qtype == rr_type::any) return everything(node, wildcard_encloser);
    if (query_.qtype == rr_type::rrsig) return all_signatures(node, wildcard_encloser);
    const RrsetView rrset = node.find(query_.qtype);
    if (rrset) {
        answer(rrset);
        expanded(wildcard_encloser);
        return Step::done;
    }
    if (node.has(node_flag::cname))
        return alias(node, node.find(rr_type::cname), wildcard_encloser);
    return no_data(node, wildcard_encloser);
}

void Lookup::answer(const RrsetView& rrset) {
    if (rrset.type() == rr_type::soa)
        return writer_.put_soa(zone_.soa, zone_.soa.ttl, signatures());
    const Owner owner = cursor_.owner();
    const std::size_t at = writer_.put(rrset, owner, signatures());
    if (rrset.has_targets()) note_additional(rrset, owner, at);
}

Lookup::Step Lookup::everything(NodeView node, unsigned wildcard_encloser) {
    bool found = false;
    node.each([&](const RrsetView& rrset) {
        if (!rrset) return true;
        found = true;
        answer(rrset);
        return true;
    });
    if (!found) return no_data(node, wildcard_encloser);
    expanded(wildcard_encloser);
    return Step::done;
}

Lookup::Step Lookup::all_signatures(NodeView node, unsigned wildcard_encloser) {
    bool found = false;
    node.each([&](const RrsetView& rrset) {
        if (rrset.sig_count() == 0) return true;
        found = true;
        writer_.put_signatures(rrset, cursor_.owner());
        return true;
    });
    if (!found) return no_data(node, wildcard_encloser);
    expanded(wildcard_encloser);
    return Step::done;
}

Lookup::Step Lookup::alias(NodeView node, const RrsetView& cname, unsigned wildcard_encloser) {
    // Of a wildcard, the second alias may be new: its owner is the target of the first.
    const auto visits = std::count(visited_.begin(), visited_.begin() + visited_count_, node);
    if (visits > (wildcard_encloser == itself ? 0 : 1)) return Step::done;
    visited_[static_cast<std::size_t>(visited_count_++)] = node;

    const Owner owner = cursor_.owner();
    const std::size_t at = writer_.put(cname, owner, signatures());
    expanded(wildcard_encloser);
    if (at == 0) return Step::done;
    const NodeView target = zone_.node(cname.target(0));
    const std::size_t target_at =
        at + record_head_size + (owner.pointer != 0 ? 0 : owner.labels.size());
    if (target && !target.has(node_flag::diverted)) {
        cursor_.assign_known(target, target_at);
        return Step::follow;
    }
    const Bytes rdata = RecordView{cname.data()}.rdata();
    if (cname.is_compressed()) {
        cursor_.assign(
            rdata.first(rdata.size() - sizeof qname_pointer), zone_.apex_octets(), target_at);
        return Step::follow;
    }
    // Uncompressed names of the zone are there in the root zone only.
    if (const auto size = relative_size(rdata, zone_.apex_octets())) {
        cursor_.assign(rdata.first(*size), zone_.apex_octets(), target_at);
        return Step::follow;
    }
    leave(rdata);
    return Step::done;
}

void Lookup::leave(Bytes target) {
    outside_ = true;
    outside_name_ = dns::Name{dns::NameView::from_trusted(target)};
}

// RFC 6672 section 3.2: the DNAME record, and a CNAME record made of it.
Lookup::Step Lookup::substitute(NodeView node, unsigned index) {
    const RrsetView dname = node.find(rr_type::dname);
    const RecordView record{dname.data()};
    writer_.put(dname, cursor_.owner(index), signatures());
    const Bytes front =
        cursor_.relative().first(cursor_.relative().size() - cursor_.relative(index).size());
    std::array<std::uint8_t, dns::name_size_max> storage;
    if (front.size() + record.rdata().size() > storage.size()) {
        rcode_ = rcode::yxdomain;
        return Step::done;
    }
    auto out = std::ranges::copy(front, storage.begin()).out;
    out = std::ranges::copy(record.rdata(), out).out;
    const Bytes target{storage.begin(), out};
    const std::size_t at = writer_.put_cname(cursor_.owner(), record.ttl(), target);
    // Where CNAME itself is asked for, this one is the answer (RFC 1034 section 3.6.2).
    if (at == 0 || query_.qtype == rr_type::cname) return Step::done;
    if (const auto size = relative_size(target, zone_.apex_octets())) {
        cursor_.assign(target.first(*size), zone_.apex_octets(), at);
        return Step::follow;
    }
    leave(target);
    return Step::done;
}

Lookup::Step Lookup::referral(NodeView node, unsigned index) {
    cut_ = node;
    cut_index_ = index;
    if (writer_.count(dns::Section::answer) == 0) flags_ = 0;
    return Step::done;
}

Lookup::Step Lookup::no_data(NodeView node, unsigned wildcard_encloser) {
    negative_ = true;
    if (!dnssec_) return Step::done;
    cursor_.expand_known(zone_.apex_octets());
    if (wildcard_encloser == itself) {
        proofs_.no_data(cursor_, node);
    } else {
        proofs_.no_data_at_wildcard(cursor_, wildcard_encloser, node);
    }
    return Step::done;
}

Lookup::Step Lookup::no_name(unsigned encloser) {
    negative_ = true;
    rcode_ = rcode::nxdomain;
    if (dnssec_) proofs_.no_name(cursor_, encloser);
    return Step::done;
}

void Lookup::expanded(unsigned wildcard_encloser) {
    if (dnssec_ && wildcard_encloser != itself) proofs_.expansion(cursor_, wildcard_encloser);
}

void Lookup::go_on(const Continuation& continuation) {
    const bool usable =
        continuation.rcode == rcode::noerror || continuation.rcode == rcode::nxdomain;
    const auto name = dns::NameView::from_trusted(continuation.name);
    if (!usable || !name.equals(outside_name_)) return;
    for (const loom_record& record : continuation.records) writer_.put_record(record);
    rcode_ = continuation.rcode;
    flags_ = static_cast<std::uint16_t>(flags_ | (continuation.flags & LOOM_FLAG_RA));
}

void Lookup::write_authority() {
    writer_.begin(dns::Section::authority);
    if (negative_) writer_.put_soa(zone_.soa, zone_.soa.negative_ttl, signatures());
    if (cut_) {
        const Owner owner = cursor_.owner(cut_index_);
        const RrsetView ns = cut_.find(rr_type::ns);
        note_additional(ns, owner, writer_.put(ns, owner, Signatures::without));
        if (dnssec_) {
            const RrsetView ds = cut_.find(rr_type::ds);
            if (ds) {
                writer_.put(ds, owner, Signatures::with);
            } else {
                proofs_.no_ds(cursor_, cut_index_, cut_);
            }
        }
    }
    for (const NodeRef ref : proofs_.nodes()) {
        const NodeView node = zone_.node(ref);
        const std::uint16_t type = zone_.nsec.empty() ? rr_type::nsec3 : rr_type::nsec;
        writer_.put(node.find(type), {0, node.name()}, Signatures::with);
    }
}

void Lookup::note_additional(const RrsetView& rrset, const Owner& owner, std::size_t at) {
    if (at == 0 || owner.pointer == 0 || rrset.type() == rr_type::cname ||
        additional_count_ == additional_.size())
        return;
    additional_[additional_count_++] = {rrset, at};
}

void Lookup::write_additional() {
    writer_.begin(dns::Section::additional);
    for (std::size_t i = 0; i < additional_count_; ++i)
        write_additional(additional_[i].rrset, additional_[i].at);
}

void Lookup::write_additional(const RrsetView& rrset, std::size_t at) {
    constexpr std::size_t pointer_max = 0x3FFF;
    const auto name_offset =
        record_head_size + static_cast<std::size_t>(target_offset(rrset.type()));
    const std::uint8_t* const message = writer_.written().data();
    RecordView record{message + at};
    for (std::size_t i = 0; i < rrset.count(); ++i, record = record.next()) {
        const NodeRef ref = rrset.target(i);
        if (ref == 0 || !add_once(ref)) continue;
        const NodeView node = zone_.node(ref);
        // What is below cuts is not this zone's to tell, but where a referral needs it.
        if (!cut_ && node.has(node_flag::diverted)) continue;
        const bool is_glue = cut_ && is_at_or_below(node.name(), cut_.name());
        const auto name_at = static_cast<std::size_t>(record.at - message) + name_offset;
        const bool is_root = message[name_at] == 0;
        Owner owner{0, node.name()};
        if (name_at <= pointer_max && !is_root)
            owner = {static_cast<std::uint16_t>(0xC000U | name_at)};
        write_addresses(node, owner, is_glue);
    }
}

bool Lookup::add_once(NodeRef ref) {
    const std::span added{added_.data(), added_count_};
    if (std::ranges::find(added, ref) != added.end()) return false;
    if (added_count_ < added_.size()) added_[added_count_++] = ref;
    return true;
}

// Glue below the cut is what the referral is good for (RFC 9471 section 3.1).
void Lookup::write_addresses(NodeView node, const Owner& owner, bool needed) {
    for (const std::uint16_t type : {rr_type::a, rr_type::aaaa}) {
        const RrsetView rrset = node.find(type);
        if (!rrset) continue;
        if (needed) {
            writer_.put(rrset, owner, signatures());
        } else {
            writer_.try_put(rrset, owner, signatures());
        }
    }
}

}  // namespace loom::file
