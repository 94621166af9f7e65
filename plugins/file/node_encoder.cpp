// SPDX-License-Identifier: Apache-2.0
// Grouping a name's records by type and writing them as they will be sent.

#include "node_encoder.hpp"

#include "zone_name.hpp"

#include <dnsloom/dns/name_layout.hpp>

#include <algorithm>
#include <cstring>
#include <limits>
#include <tuple>

namespace loom::file {

namespace rr_type = dns::rr_type;

namespace {

// What fits into a message beside a header and a question.
constexpr std::size_t rrset_size_max = 65535 - 12 - 255 - 4;
constexpr std::size_t sigs_max = 255;

// The ends of rdata that is one compressible name, after its fixed part.
bool ends_in_compressible_name(std::uint16_t type) {
    const dns::NameLayout layout = dns::name_layout(type);
    return layout.use == dns::NameUse::compressible && layout.names == 1 && layout.strings == 0;
}

bool may_stand_beside_cname(std::uint16_t type) {
    return type == rr_type::cname || type == rr_type::nsec || type == rr_type::key;
}

}  // namespace

void NodeRecords::add(std::uint16_t type, std::uint32_t ttl, Bytes rdata) {
    const bool is_sig = type == rr_type::rrsig && rdata.size() >= 2;
    records_.push_back(
        {type,
         is_sig ? dns::load_u16(rdata.data()) : type,
         ttl,
         static_cast<std::uint32_t>(rdata_.size()),
         static_cast<std::uint16_t>(rdata.size())});
    rdata_.insert(rdata_.end(), rdata.begin(), rdata.end());
}

void NodeEncoder::drop_doubles(NodeRecords& records) {
    auto& list = records.records();
    const auto same = [&](const Record& a, const Record& b) {
        return a.type == b.type && a.covered == b.covered &&
               std::ranges::equal(records.rdata(a), records.rdata(b));
    };
    // Few records are compared with each other, which keeps their order; many are sorted.
    constexpr std::size_t few = 16;
    if (list.size() <= few) {
        for (std::size_t i = 1; i < list.size(); ++i) {
            const auto end = list.begin() + static_cast<std::ptrdiff_t>(i);
            const auto twin = std::find_if(
                list.begin(), end, [&](const Record& other) { return same(other, list[i]); });
            if (twin == end) continue;
            twin->ttl = std::min(twin->ttl, list[i].ttl);
            list.erase(end);
            --i;
        }
    } else {
        std::ranges::stable_sort(list, [&](const Record& a, const Record& b) {
            const bool a_sig = a.type == rr_type::rrsig;
            const bool b_sig = b.type == rr_type::rrsig;
            if (std::tie(a.covered, a_sig) != std::tie(b.covered, b_sig))
                return std::tie(a.covered, a_sig) < std::tie(b.covered, b_sig);
            return std::ranges::lexicographical_compare(records.rdata(a), records.rdata(b));
        });
        list.erase(std::unique(list.begin(), list.end(), same), list.end());
    }
    // By type, each type's signatures behind it. Insertion: mostly they come so already.
    const auto before = [](const Record& a, const Record& b) {
        if (a.covered != b.covered) return a.covered < b.covered;
        return a.type != rr_type::rrsig && b.type == rr_type::rrsig;
    };
    if (list.size() > few) return;
    for (std::size_t i = 1; i < list.size(); ++i)
        for (std::size_t j = i; j > 0 && before(list[j], list[j - 1]); --j)
            std::swap(list[j], list[j - 1]);
}

std::uint8_t* NodeEncoder::write_record(
    std::uint8_t* out, std::uint16_t type, std::uint32_t ttl, Bytes rdata, bool& compressed) {
    std::size_t size = rdata.size();
    std::size_t kept = size;
    // In the root zone a pointer would be longer than the root.
    if (apex_.size() > 1 && ends_in_compressible_name(type)) {
        const std::size_t fixed = dns::name_layout(type).fixed_size;
        if (const auto relative = relative_size(rdata.subspan(fixed), apex_)) {
            kept = fixed + *relative;
            size = kept + sizeof qname_pointer;
            compressed = true;
        }
    }
    dns::store_u16(out, qname_pointer);
    dns::store_u16(out + 2, type);
    dns::store_u16(out + 4, dns::rr_class::in);
    dns::store_u32(out + 6, ttl);
    dns::store_u16(out + 10, static_cast<std::uint16_t>(size));
    if (kept != 0) std::memcpy(out + record_head_size, rdata.data(), kept);
    if (size != kept) dns::store_u16(out + record_head_size + kept, qname_pointer);
    return out + record_head_size + size;
}

std::uint8_t* NodeEncoder::write_rrset(
    std::uint8_t* out, RrsetHead& head, NodeRecords& records, std::size_t first, std::size_t last) {
    const auto& list = records.records();
    const auto sigs = static_cast<std::size_t>(
        std::find_if(
            list.begin() + static_cast<std::ptrdiff_t>(first),
            list.begin() + static_cast<std::ptrdiff_t>(last),
            [](const Record& r) { return r.type == rr_type::rrsig; }) -
        list.begin());
    std::uint32_t ttl = std::numeric_limits<std::uint32_t>::max();
    for (std::size_t i = first; i < sigs; ++i) {
        if (ttl != list[i].ttl && i != first) warnings_.push_back({head.type, "TTLs differ"});
        ttl = std::min(ttl, list[i].ttl);
    }

    bool compressed = false;
    std::uint8_t* const begin = out;
    for (std::size_t i = first; i < sigs; ++i)
        out = write_record(out, list[i].type, ttl, records.rdata(list[i]), compressed);
    std::uint8_t* const middle = out;
    for (std::size_t i = sigs; i < last; ++i) {
        // A signature has the TTL of what it covers (RFC 4034 section 3).
        const std::uint32_t sig_ttl = sigs == first ? list[i].ttl : ttl;
        out = write_record(out, rr_type::rrsig, sig_ttl, records.rdata(list[i]), compressed);
    }
    const auto size = static_cast<std::size_t>(out - begin);
    if (size > rrset_size_max || last - sigs > sigs_max) {
        errors_.push_back({head.type, "more records than fit into a message"});
        return begin;
    }
    head.count = static_cast<std::uint16_t>(sigs - first);
    head.size = static_cast<std::uint16_t>(middle - begin);
    head.sig_count = static_cast<std::uint8_t>(last - sigs);
    head.sig_size = static_cast<std::uint16_t>(out - middle);
    if (compressed) head.flags |= rrset_flag::compressed;
    if (target_offset(head.type) >= 0 && head.count != 0) {
        head.flags |= rrset_flag::targets;
        std::memset(out, 0, head.count * sizeof(NodeRef));
        out += head.count * sizeof(NodeRef);
    }
    check(head);
    return out;
}

void NodeEncoder::check(const RrsetHead& head) {
    if (head.count < 2) return;
    if (head.type == rr_type::cname) errors_.push_back({head.type, "several CNAME records"});
    if (head.type == rr_type::dname) errors_.push_back({head.type, "several DNAME records"});
    if (head.type == rr_type::soa) errors_.push_back({head.type, "several SOA records"});
}

std::uint8_t NodeEncoder::flags_of(Bytes name, const std::vector<RrsetHead>& heads) {
    std::uint8_t flags = 0;
    bool has_nsec3 = false;
    bool has_others = false;
    for (const RrsetHead& head : heads) {
        if (head.count == 0) continue;
        if (head.type == rr_type::ns && !name.empty()) flags |= node_flag::cut;
        if (head.type == rr_type::dname) flags |= node_flag::dname;
        if (head.type == rr_type::cname) flags |= node_flag::cname;
        (head.type == rr_type::nsec3 ? has_nsec3 : has_others) = true;
    }
    if (has_nsec3 && !has_others) flags |= node_flag::nsec3_only;
    if (flags & node_flag::cname) {
        const auto other = std::ranges::find_if(heads, [](const RrsetHead& head) {
            return head.count != 0 && !may_stand_beside_cname(head.type);
        });
        if (other != heads.end()) errors_.push_back({rr_type::cname, "CNAME and other data"});
    }
    return flags;
}

NodeRef NodeEncoder::encode(Arena& nodes, Bytes name, NodeRecords& records) {
    errors_.clear();
    warnings_.clear();
    heads_.clear();
    drop_doubles(records);

    auto& list = records.records();
    std::size_t bound = NodeView::heads_offset(name.size()) + node_align;
    for (const Record& r : list) {
        bound += record_head_size + r.size + sizeof qname_pointer + sizeof(NodeRef);
        if (heads_.empty() || heads_.back().type != r.covered)
            heads_.push_back(
                {.type = r.covered,
                 .count = 0,
                 .size = 0,
                 .sig_size = 0,
                 .sig_count = 0,
                 .flags = 0});
    }
    bound += heads_.size() * sizeof(RrsetHead);

    const std::size_t offset = nodes.size();
    std::uint8_t* const begin = nodes.room(bound);
    std::memcpy(begin + sizeof(NodeHead), name.data(), name.size());
    std::uint8_t* const heads = begin + NodeView::heads_offset(name.size());
    if (name.size() % 2 != 0) heads[-1] = 0;
    std::uint8_t* out = heads + heads_.size() * sizeof(RrsetHead);
    std::size_t first = 0;
    for (RrsetHead& head : heads_) {
        std::size_t last = first;
        while (last < list.size() && list[last].covered == head.type) ++last;
        out = write_rrset(out, head, records, first, last);
        first = last;
    }
    while (static_cast<std::size_t>(out - begin) % node_align != 0) *out++ = 0;
    if (!heads_.empty()) std::memcpy(heads, heads_.data(), heads_.size() * sizeof(RrsetHead));
    const NodeHead head{
        static_cast<std::uint8_t>(name.size()),
        flags_of(name, heads_),
        static_cast<std::uint16_t>(heads_.size()),
        static_cast<std::uint32_t>(out - begin)};
    std::memcpy(begin, &head, sizeof head);
    nodes.take(head.size);
    return static_cast<NodeRef>(offset / node_align);
}

void NodeEncoder::decode(NodeView node, NodeRecords& records) const {
    std::vector<std::uint8_t> rdata;
    node.each([&](const RrsetView& rrset) {
        const std::uint8_t* const end =
            rrset.records_and_sigs().data() + rrset.records_and_sigs().size();
        for (RecordView r{rrset.data()}; r.at != end; r = r.next()) {
            rdata.assign(r.rdata().begin(), r.rdata().end());
            if (rrset.is_compressed() && r.type() == rrset.type() && is_compressed(rdata)) {
                rdata.resize(rdata.size() - sizeof qname_pointer);
                rdata.insert(rdata.end(), apex_.begin(), apex_.end());
            }
            records.add(r.type(), r.ttl(), rdata);
        }
        return true;
    });
}

}  // namespace loom::file
