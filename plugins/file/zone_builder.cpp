// SPDX-License-Identifier: Apache-2.0
// Taking a zone's records one by one.

#include "zone_builder.hpp"

#include "zone_links.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace loom::file {

namespace rr_type = dns::rr_type;

namespace {

constexpr std::size_t findings_max = 10;
// Nodes are referred to by 32 bits.
constexpr std::size_t nodes_size_max =
    std::size_t{std::numeric_limits<NodeRef>::max()} * node_align;
constexpr std::size_t late_size_max = std::numeric_limits<std::uint32_t>::max();
// Records of one name, all types together.
constexpr std::size_t node_records_max = 65535;

std::size_t nodes_size_guess(std::size_t file_size) {
    // Untouched memory costs nothing but addresses.
    return std::min<std::size_t>(file_size * 3, std::size_t{1} << 40U) + node_align;
}

}  // namespace

ZoneBuilder::ZoneBuilder(const Host& host, dns::NameView apex, std::size_t file_size)
    : host_{host}, zone_{std::make_unique<ZoneSnapshot>()}, encoder_{[&] {
          zone_->apex_name = dns::Name{apex};
          zone_->apex_name.lower();
          return zone_->apex_octets();
      }()} {
    zone_->nodes = Arena{nodes_size_guess(file_size)};
    // So that the apex's empty name is somewhere too.
    relative_.reserve(dns::name_size_max);
    // So that no node is 0.
    std::memset(zone_->nodes.room(node_align), 0, node_align);
    zone_->nodes.take(node_align);
}

std::expected<void, std::string> ZoneBuilder::add(const dns::ZoneRecord& record) {
    const Bytes owner = record.owner.octets();
    if (!std::ranges::equal(owner, owner_)) {
        flush();
        owner_.clear();
        const auto size = relative_size(owner, zone_->apex_octets());
        if (!size)
            return std::unexpected{
                record.owner.to_string() + " is outside of the zone " +
                zone_->apex_name.to_string()};
        relative_.resize(*size);
        copy_lower(relative_.data(), owner.data(), *size);
        owner_.assign(owner.begin(), owner.end());
    }
    if (record.rclass != dns::rr_class::in)
        return std::unexpected{std::string{"only records of class IN can be served"}};
    if (record.type == rr_type::soa && !relative_.empty())
        return std::unexpected{
            "a SOA record belongs to the apex " + zone_->apex_name.to_string() + " only"};
    if (pending_.size() >= node_records_max || zone_->nodes.size() > nodes_size_max / 2 ||
        late_rdata_.size() > late_size_max / 2)
        return std::unexpected{std::string{"more records than can be held"}};
    pending_.add(record.type, record.ttl, record.rdata);
    ++zone_->record_count;
    return {};
}

void ZoneBuilder::flush() {
    if (pending_.empty()) return;
    const std::uint64_t hash = host_.hash_name(owner_);
    const std::uint32_t slot = zone_->names.find_slot(zone_->nodes.data(), hash, relative_);
    if (slot != NameTable::none) {
        keep_late(slot);
    } else {
        zone_->names.insert(hash, encoder_.encode(zone_->nodes, relative_, pending_));
        note_findings(relative_);
    }
    pending_.clear();
}

void ZoneBuilder::keep_late(std::uint32_t slot) {
    // Slots move while names are added: refer to the node.
    const NodeRef node = zone_->names.node(slot);
    for (const auto& r : pending_.records()) {
        const Bytes rdata = pending_.rdata(r);
        late_.push_back(
            {node, static_cast<std::uint32_t>(late_rdata_.size()), r.ttl, r.type, r.size});
        late_rdata_.insert(late_rdata_.end(), rdata.begin(), rdata.end());
    }
}

void ZoneBuilder::merge_late() {
    std::ranges::stable_sort(late_, {}, &LateRecord::node);
    for (std::size_t i = 0; i < late_.size();) {
        const NodeRef ref = late_[i].node;
        const NodeView old = zone_->node(ref);
        pending_.clear();
        encoder_.decode(old, pending_);
        for (; i < late_.size() && late_[i].node == ref; ++i)
            pending_.add(
                late_[i].type,
                late_[i].ttl,
                Bytes{late_rdata_}.subspan(late_[i].at, late_[i].size));
        relative_.assign(old.name().begin(), old.name().end());
        const NodeRef fresh = encoder_.encode(zone_->nodes, relative_, pending_);
        note_findings(relative_);

        std::uint8_t* dead = zone_->nodes.data() + std::size_t{ref} * node_align;
        dead_size_ += NodeView{dead}.head().size;
        dead[1] |= node_flag::dead;
        const WholeName name{relative_, zone_->apex_octets()};
        zone_->names.set_node(zone_->slot(host_, name), fresh);
    }
    pending_.clear();
    late_ = {};
    late_rdata_ = {};
}

void ZoneBuilder::drop_dead() {
    if (dead_size_ == 0) return;
    ZoneSnapshot& zone = *zone_;
    zone.names.clear();
    std::uint8_t* const data = zone.nodes.data();
    std::size_t to = node_align;
    for (std::size_t from = node_align; from < zone.nodes.size();) {
        const NodeHead head = NodeView{data + from}.head();
        if (!(head.flags & node_flag::dead)) {
            std::memmove(data + to, data + from, head.size);
            const WholeName name{NodeView{data + to}.name(), zone.apex_octets()};
            zone.names.insert(
                host_.hash_name(name.octets()), static_cast<NodeRef>(to / node_align));
            to += head.size;
        }
        from += head.size;
    }
    zone.nodes.cut(to);
}

void ZoneBuilder::note(
    std::vector<ZoneFinding>& list, Bytes relative, std::uint16_t type, std::string text) {
    if (list.size() >= findings_max) return;
    const WholeName name{relative, zone_->apex_octets()};
    list.push_back({{name.octets().begin(), name.octets().end()}, type, std::move(text)});
}

void ZoneBuilder::note_findings(Bytes relative) {
    const auto note_all = [&](std::vector<ZoneFinding>& list, const auto& findings) {
        for (const NodeFinding& finding : findings) {
            const WholeName name{relative, zone_->apex_octets()};
            note(
                list,
                relative,
                finding.type,
                dns::NameView::from_trusted(name.octets()).to_string() + " " +
                    dns::type_to_string(finding.type) + ": " + std::string{finding.text});
        }
    };
    note_all(errors_, encoder_.errors());
    note_all(warnings_, encoder_.warnings());
}

bool ZoneBuilder::check_apex() {
    const WholeName name{{}, zone_->apex_octets()};
    const NodeView apex = zone_->find(host_, name);
    const std::string text = zone_->apex_name.to_string();
    if (!apex || !apex.find(rr_type::soa)) {
        note(errors_, {}, rr_type::soa, text + " has no SOA record: add one at the apex");
        return false;
    }
    if (!apex.find(rr_type::ns)) {
        note(errors_, {}, rr_type::ns, text + " has no NS record: add one at the apex");
        return false;
    }
    zone_->apex = zone_->ref(apex);
    return true;
}

std::unique_ptr<ZoneSnapshot> ZoneBuilder::finish() {
    flush();
    merge_late();
    drop_dead();
    if (!check_apex()) return nullptr;
    ZoneLinks links{host_, *zone_};
    if (const auto linked = links.link(); !linked)
        note(errors_, {}, rr_type::nsec3param, linked.error());
    if (!errors_.empty()) return nullptr;
    // A node seldom begins where a line does.
    constexpr std::size_t line = 64;
    constexpr std::size_t lines_max = 4;
    zone_->node_lines =
        std::min(lines_max, 1 + zone_->nodes.size() / (std::size_t{zone_->names.size()} * line));
    return std::move(zone_);
}

}  // namespace loom::file
