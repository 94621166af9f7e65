// SPDX-License-Identifier: Apache-2.0
#include "reply_delivery.hpp"

#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/rdata.hpp>
#include <dnsloom/dns/wire.hpp>

#include <span>
#include <vector>

namespace loom::forward {
namespace {

constexpr std::size_t additional_count_offset = 10;
constexpr std::uint16_t header_rcode_max = 15;
/// Of the flags, those that are the upstream's to set.
constexpr std::uint16_t passed_flags = LOOM_FLAG_AA | LOOM_FLAG_RA | LOOM_FLAG_AD | LOOM_FLAG_CD;

void pass_extended_errors(Response& response, std::span<const std::uint8_t> options_octets) {
    const auto options = dns::EdnsOptions::check(options_octets);
    if (!options) return;
    for (const auto& option : *options)
        if (option.code == dns::option_code::extended_error)
            response.option(option.code, option.data);
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

bool deliver_all(loom::Query& query, Octets& reply, const CheckedReply& checked) {
    const auto message = std::span{reply}.first(checked.size);
    auto response = query.response();
    if (checked.is_bare) {
        const auto flags = static_cast<std::uint16_t>(dns::load_u16(&message[2]) & passed_flags);
        return response.begin(checked.rcode, flags) == LOOM_OK;
    }
    const bool behind_opt = checked.opt_offset != 0 && !checked.opt_is_last;
    std::span<const std::uint8_t> options;
    if (checked.opt_offset != 0)
        options = message.subspan(
            checked.opt_offset + dns::Opt::size_min, checked.opt_size - dns::Opt::size_min);
    const bool delivered = behind_opt ? deliver_records(query, message, checked.rcode)
                                      : deliver_wire(query, message, checked);
    if (delivered) pass_extended_errors(response, options);
    return delivered;
}

}  // namespace

bool deliver(loom::Query& query, Octets& reply, const CheckedReply& checked) {
    if (!checked.is_sound || !deliver_all(query, reply, checked)) return false;
    // Some servers set AD whether or not it was asked for (RFC 6840 section 5.8).
    if (!query.has(LOOM_QUERY_DO | LOOM_QUERY_AD)) query.response().set_flags(LOOM_FLAG_AD, 0);
    return true;
}

}  // namespace loom::forward
