// SPDX-License-Identifier: Apache-2.0
#include "response_class.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/wire.hpp>

#include <optional>

namespace loom::ratelimit {
namespace {

/// The first record behind the question: its type, and its owner's hash.
struct FirstRecord {
    std::uint16_t type = 0;
    std::uint64_t owner = 0;
};

/// The hash of the part of the question's name that is at `offset`; nothing if no label begins there.
std::optional<std::uint64_t> hash_at(const loom_query& query, std::size_t offset) {
    for (std::size_t i = 0; i <= query.label_count; ++i)
        if (query.label_offset[i] == offset) return query.suffix_hash[i];
    return std::nullopt;
}

std::uint64_t zone_hash(const loom_query& query) {
    if (query.zone.size > query.qname.size) return query.suffix_hash[0];
    return hash_at(query, query.qname.size - query.zone.size).value_or(query.suffix_hash[0]);
}

// Nearly always the owner is a pointer into the question, whose hashes are there already.
std::optional<FirstRecord>
first_record(const Host& host, const loom_query& query, const dns::Header& header, Bytes message) {
    if (header.questions != 1) return std::nullopt;
    std::size_t at = dns::header_size + query.qname.size + 4;
    std::uint64_t owner = 0;
    if (at + 2 <= message.size() && message[at] >= 0xC0) {
        const std::size_t target = dns::load_u16(message.data() + at) & 0x3FFFU;
        const auto hash =
            target < dns::header_size ? std::nullopt : hash_at(query, target - dns::header_size);
        if (!hash) return std::nullopt;
        owner = *hash;
        at += 2;
    } else {
        const auto name = dns::Name::read(message, at);
        if (!name) return std::nullopt;
        owner = host.hash_name(name->octets());
    }
    if (at + 2 > message.size()) return std::nullopt;
    return FirstRecord{dns::load_u16(message.data() + at), owner};
}

}  // namespace

Likeness likeness(const Host& host, const loom_query& query, std::uint16_t rcode, Bytes message) {
    const bool is_nxdomain = rcode == dns::rcode::nxdomain;
    const auto header = dns::Header::read(message);
    if (!header || (rcode != dns::rcode::noerror && !is_nxdomain)) return {ResponseClass::error, 0};
    const bool has_answer = header->count(dns::Section::answer) != 0;
    if (has_answer && !is_nxdomain) {
        // Types apart, as BIND has it: an address of either kind is no flood.
        return {ResponseClass::answer, query.suffix_hash[0] + query.qtype};
    }
    std::optional<FirstRecord> first;
    if (!has_answer && header->count(dns::Section::authority) != 0)
        first = first_record(host, query, *header, message);
    const std::uint64_t name = first ? first->owner : zone_hash(query);
    if (is_nxdomain) return {ResponseClass::nxdomain, name};
    const bool is_referral = first && first->type == dns::rr_type::ns;
    return {is_referral ? ResponseClass::referral : ResponseClass::nodata, name};
}

}  // namespace loom::ratelimit
