// SPDX-License-Identifier: Apache-2.0
// Making a table.

#include "host_table.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/wire.hpp>

#include <algorithm>
#include <array>
#include <bit>

namespace loom::hosts {
namespace {

namespace rr_type = dns::rr_type;

constexpr std::size_t record_head = 2 + 2 + 2 + 4 + 2;
constexpr std::size_t a_size = record_head + 4;
constexpr std::size_t aaaa_size = record_head + 16;
constexpr std::uint16_t question_name = 0xC00C;  // A pointer just behind the header.

Bytes octets_of(const std::string& name) {
    return {reinterpret_cast<const std::uint8_t*>(name.data()), name.size()};
}
dns::NameView name_of(const std::string& name) {
    return dns::NameView::from_trusted(octets_of(name));
}

}  // namespace

Records Node::records(std::uint16_t type) const {
    const std::uint8_t* const a = at_ + sizeof head_ + head_.name_size;
    const std::uint8_t* const aaaa = a + a_size * head_.a_count;
    const std::uint8_t* const ptr = aaaa + aaaa_size * head_.aaaa_count;
    const std::uint8_t* const end = ptr + head_.ptr_size;
    switch (type) {
    case rr_type::a:
        return {{a, aaaa}, head_.a_count};
    case rr_type::aaaa:
        return {{aaaa, ptr}, head_.aaaa_count};
    case rr_type::ptr:
        return {{ptr, end}, head_.ptr_count};
    case rr_type::any:
        return {
            {a, end},
            static_cast<std::uint16_t>(head_.a_count + head_.aaaa_count + head_.ptr_count)};
    default:
        return {};
    }
}

HostTable::Index::Index(std::size_t size)
    : slots_(std::bit_ceil(2 * size + 1)), mask_{slots_.size() - 1} {}

void HostTable::Index::add(std::uint64_t hash, std::size_t offset) {
    std::size_t i = hash & mask_;
    while (slots_[i].end != 0) i = (i + 1) & mask_;
    slots_[i] = {hash, offset / align + 1};
    ++size_;
}

void HostTable::each(const std::function<void(const Node&, bool)>& call) const {
    names_.each(octets_, [&](const Node& node) { call(node, false); });
    wildcards_.each(octets_, [&](const Node& node) { call(node, true); });
}

HostTableBuilder::Draft* HostTableBuilder::draft(dns::NameView name) {
    std::string key{name.octets().begin(), name.octets().end()};
    const auto found = drafts_.find(key);
    if (found != drafts_.end()) return &found->second;
    if (drafts_.size() == names_max) return nullptr;
    if (name.is_wildcard()) ++wildcards_;
    return &drafts_[std::move(key)];
}

bool HostTableBuilder::add(const HostAddress& address, const dns::Name& name) {
    Draft* const draft = this->draft(name);
    if (!draft) return false;
    auto& known = draft->addresses;
    if (known.size() < addresses_max && std::ranges::find(known, address) == known.end())
        known.push_back(address);
    return true;
}

bool HostTableBuilder::add_reverse(const HostAddress& address, const dns::Name& name) {
    Draft* const draft = this->draft(address.reverse_name());
    if (!draft) return false;
    auto& known = draft->pointers;
    const auto same = [&](const dns::Name& other) { return other.equals(name); };
    if (known.size() < pointers_max && std::ranges::none_of(known, same)) known.push_back(name);
    return true;
}

HostTable HostTableBuilder::build() const {
    HostTable table;
    table.names_ = HostTable::Index{drafts_.size() - wildcards_};
    table.wildcards_ = HostTable::Index{wildcards_};
    for (const auto& [name, draft] : drafts_) append(table, name, draft);
    return table;
}

void HostTableBuilder::append(HostTable& table, const std::string& name, const Draft& draft) const {
    auto& octets = table.octets_;
    octets.resize((octets.size() + HostTable::align - 1) / HostTable::align * HostTable::align);
    const std::size_t offset = octets.size();
    const dns::NameView whole = name_of(name);
    const dns::NameView key = whole.is_wildcard() ? whole.parent() : whole;

    Node::Head head;
    head.name_size = static_cast<std::uint8_t>(key.size());
    octets.resize(offset + sizeof head);
    octets.insert(octets.end(), key.octets().begin(), key.octets().end());
    for (const HostAddress& address : draft.addresses) {
        if (address.size != 4) continue;
        append_record(table, rr_type::a, address.view());
        ++head.a_count;
    }
    for (const HostAddress& address : draft.addresses) {
        if (address.size == 4) continue;
        append_record(table, rr_type::aaaa, address.view());
        ++head.aaaa_count;
    }
    for (const dns::Name& pointer : draft.pointers) {
        const std::size_t before = octets.size();
        append_record(table, rr_type::ptr, pointer.octets());
        ++head.ptr_count;
        head.ptr_size += static_cast<std::uint32_t>(octets.size() - before);
    }
    std::memcpy(octets.data() + offset, &head, sizeof head);
    auto& index = whole.is_wildcard() ? table.wildcards_ : table.names_;
    index.add(host_.hash_name(key.octets()), offset);
}

void HostTableBuilder::append_record(HostTable& table, std::uint16_t type, Bytes rdata) const {
    std::array<std::uint8_t, record_head> head;
    dns::Writer writer{head};
    writer.u16(question_name);
    writer.u16(type);
    writer.u16(dns::rr_class::in);
    writer.u32(ttl_);
    writer.u16(static_cast<std::uint16_t>(rdata.size()));
    table.octets_.insert(table.octets_.end(), head.begin(), head.end());
    table.octets_.insert(table.octets_.end(), rdata.begin(), rdata.end());
}

}  // namespace loom::hosts
