// SPDX-License-Identifier: Apache-2.0
#include "reply_delivery.hpp"

#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/rdata.hpp>
#include <dnsloom/dns/wire.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace loom::forward {
namespace {

constexpr std::size_t additional_count_offset = 10;
constexpr std::uint16_t header_rcode_max = 15;
/// Of the flags, those that are the upstream's to set.
constexpr std::uint16_t passed_flags = LOOM_FLAG_AA | LOOM_FLAG_RA | LOOM_FLAG_AD | LOOM_FLAG_CD;

using Subnet = std::optional<dns::ClientSubnet>;

Subnet find_subnet(const dns::EdnsOptions& options) {
    const auto data = options.find(dns::option_code::client_subnet);
    if (!data) return std::nullopt;
    const auto subnet = dns::ClientSubnet::read(*data);
    return subnet ? Subnet{*subnet} : std::nullopt;
}

void pass_scope(loom::Query& query, const dns::ClientSubnet& sent, std::uint8_t scope) {
    const auto options = dns::EdnsOptions::check(view(query->edns_options));
    auto subnet = (options ? find_subnet(*options) : std::nullopt).value_or(sent);
    subnet.scope_prefix = scope;
    std::array<std::uint8_t, 24> room;
    dns::OptionsWriter writer{room};
    writer.add(subnet);
    const auto option = *writer.options().begin();
    query.response().option(option.code, option.data);
}

void pass_options(loom::Query& query, const dns::EdnsOptions& options, const Subnet& sent) {
    for (const dns::EdnsOption option : options)
        if (option.code == dns::option_code::extended_error)
            query.response().option(option.code, option.data);
    if (!sent) return;
    if (const auto subnet = find_subnet(options)) pass_scope(query, *sent, subnet->scope_prefix);
}

/// The labels of an owner that stand in its place, and not behind a pointer, in qname's case.
void restore_owner(std::uint8_t* owner, std::span<const std::uint8_t> qname) {
    for (std::size_t at = 0; owner[at] != 0 && owner[at] <= dns::label_size_max;) {
        const auto size = std::size_t{1} + owner[at];
        std::ranges::copy(qname.subspan(at, size), owner + at);
        at += size;
    }
}

/// Undoes what randomize_case() did, or an upstream that does not keep the case.
void restore_case(std::span<std::uint8_t> message, std::span<const std::uint8_t> qname) {
    if (std::ranges::equal(message.subspan(dns::header_size, qname.size()), qname)) return;
    std::ranges::copy(qname, message.begin() + dns::header_size);
    auto reader = dns::MessageReader::open(message);
    if (!reader) return;
    const auto name = dns::NameView::from_trusted(qname);
    for (auto record = reader->next(); record && *record; record = reader->next()) {
        auto* owner = message.data() + (*record)->offset;
        if (*owner > dns::label_size_max || (*record)->owner() != name) continue;
        restore_owner(owner, qname);
    }
}

int32_t section_number(dns::Section section) {
    return section == dns::Section::answer      ? LOOM_ANSWER
           : section == dns::Section::authority ? LOOM_AUTHORITY
                                                : LOOM_ADDITIONAL;
}

bool add_record(
    loom::Query& query, const dns::RecordView& record, std::vector<std::uint8_t>& room) {
    const auto size = dns::expand_rdata(
        record.type, record.message, record.rdata_offset, record.rdata_size, room);
    if (!size) return false;
    const auto owner = query.keep(record.owner().octets());
    const auto rdata = query.keep(std::span{room}.first(*size));
    if (owner.empty() || (rdata.empty() && *size != 0)) return false;
    const loom_record added{bytes(owner), record.type, record.rclass, record.ttl, bytes(rdata)};
    return query.response().add(section_number(record.section), added) == LOOM_OK;
}

/// When records stand behind OPT: cutting it out would move what compressed names point at.
bool deliver_records(
    loom::Query& query, std::span<const std::uint8_t> message, std::uint16_t rcode) {
    auto reader = dns::MessageReader::open(message);
    if (!reader) return false;
    const auto flags = static_cast<std::uint16_t>(reader->header().bits & passed_flags);
    if (query.response().begin(rcode, flags) != LOOM_OK) return false;
    std::vector<std::uint8_t> room(dns::rdata_size_max);
    auto record = reader->next();
    for (; record && *record; record = reader->next()) {
        if ((*record)->type == dns::rr_type::opt) continue;
        if (!add_record(query, **record, room)) return false;
    }
    return record.has_value();
}

bool deliver_wire(
    loom::Query& query, std::span<std::uint8_t> message, const CheckedReply& checked) {
    if (checked.opt_offset != 0) {
        auto* count = message.data() + additional_count_offset;
        dns::store_u16(count, static_cast<std::uint16_t>(dns::load_u16(count) - 1));
        message = message.first(checked.opt_offset);
    }
    auto response = query.response();
    if (response.set_wire(message) != LOOM_OK) return false;
    return checked.rcode <= header_rcode_max || response.set_rcode(checked.rcode) == LOOM_OK;
}

bool deliver_all(
    loom::Query& query, Octets& reply, const CheckedReply& checked, const Subnet& sent) {
    const auto message = std::span{reply}.first(checked.size);
    if (checked.is_bare) {
        const auto flags = static_cast<std::uint16_t>(dns::load_u16(&message[2]) & passed_flags);
        return query.response().begin(checked.rcode, flags) == LOOM_OK;
    }
    restore_case(message, query.name());
    const bool behind_opt = checked.opt_offset != 0 && !checked.opt_is_last;
    const auto options = options_of(message, checked);
    const bool delivered = behind_opt ? deliver_records(query, message, checked.rcode)
                                      : deliver_wire(query, message, checked);
    if (delivered) pass_options(query, options, sent);
    return delivered;
}

}  // namespace

bool deliver(
    loom::Query& query,
    Octets& reply,
    const CheckedReply& checked,
    const std::optional<dns::ClientSubnet>& subnet) {
    if (!checked.is_sound || !deliver_all(query, reply, checked, subnet)) return false;
    // Some servers set AD whether or not it was asked for (RFC 6840 section 5.8).
    if (!query.has(LOOM_QUERY_DO | LOOM_QUERY_AD)) query.response().set_flags(LOOM_FLAG_AD, 0);
    return true;
}

}  // namespace loom::forward
