// SPDX-License-Identifier: Apache-2.0
#include "question_service.hpp"

#include "../generation/instance.hpp"
#include "../services/services.hpp"
#include "reply_options.hpp"
#include "response_service.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/dns/wire.hpp>

#include <algorithm>
#include <cstring>
#include <new>

namespace loom::host {

namespace {

constexpr std::uint32_t flags_mask = LOOM_QUERY_DO | LOOM_QUERY_RD | LOOM_QUERY_CD | LOOM_QUERY_AD;
constexpr std::uint16_t udp_size_min = 512;
constexpr std::size_t options_max = 4096;

// The question as it came to the running stage; nullptr where memory is short.
SavedQuestion* saved(Exchange& e) {
    if (e.changed && e.changed->stage == e.stage) return e.changed;
    // Options are given back when the message may have moved.
    if (e.edns_options.size != 0 && !e.changed) {
        const auto copy = e.keep({e.edns_options.data, e.edns_options.size});
        if (copy.empty()) return nullptr;
        e.edns_options.data = copy.data();
    }
    void* memory = e.arena.allocate(sizeof(SavedQuestion), alignof(SavedQuestion));
    if (!memory) return nullptr;
    auto* made = new (memory) SavedQuestion{};
    made->before = e.changed;
    made->stage = e.stage;
    made->flags = e.flags;
    made->qtype = e.qtype;
    made->qclass = e.qclass;
    made->label_count = e.label_count;
    made->qname = e.qname;
    made->qname_lower = e.qname_lower;
    made->suffix_hash = e.suffix_hash;
    made->label_offset = e.label_offset;
    made->edns_options = e.edns_options;
    e.changed = made;
    return made;
}

bool is_changeable(const Exchange& e) { return e.phase == LOOM_PHASE_QUERY; }

loom_status set(loom_query* query, loom_bytes qname, std::uint16_t qtype, std::uint16_t qclass) {
    Exchange& e = exchange_of(query);
    if (!is_changeable(e)) return LOOM_E_STATE;
    void* memory = e.arena.allocate(sizeof(HashedName), alignof(HashedName));
    if (!memory) return LOOM_E_MEMORY;
    auto* name = new (memory) HashedName;
    // Names from plugins are checked like those from the network.
    const HashKey& key = e.pipeline->details[e.stage].instance->services().hash_key;
    if (!name->assign(key, {qname.data, qname.size}) || name->size != qname.size)
        return LOOM_E_ARGUMENT;
    SavedQuestion* before = saved(e);
    if (!before) return LOOM_E_MEMORY;
    before->renamed = true;
    e.qname = {name->octets.data(), name->size};
    e.qname_lower = {name->lower.data(), name->size};
    e.suffix_hash = name->suffix_hash.data();
    e.label_offset = name->label_offset.data();
    e.label_count = name->label_count;
    e.qtype = qtype;
    e.qclass = qclass;
    return LOOM_OK;
}

loom_status set_flags(loom_query* query, std::uint32_t mask, std::uint32_t value) {
    Exchange& e = exchange_of(query);
    if (!is_changeable(e)) return LOOM_E_STATE;
    if ((mask & ~flags_mask) != 0) return LOOM_E_ARGUMENT;
    if (!saved(e)) return LOOM_E_MEMORY;
    e.flags = (e.flags & ~mask) | (value & mask);
    return LOOM_OK;
}

loom_status set_options(loom_query* query, loom_bytes options) {
    Exchange& e = exchange_of(query);
    if (!is_changeable(e)) return LOOM_E_STATE;
    if (options.size > options_max || !dns::EdnsOptions::check({options.data, options.size}))
        return LOOM_E_ARGUMENT;
    if (!saved(e)) return LOOM_E_MEMORY;
    const auto copy = e.keep({options.data, options.size});
    if (copy.data() == nullptr) return LOOM_E_MEMORY;
    e.edns_options = {copy.data(), copy.size()};
    return LOOM_OK;
}

loom_status limit_size(loom_query* query, std::uint16_t octets) {
    Exchange& e = exchange_of(query);
    if (!is_changeable(e)) return LOOM_E_STATE;
    if ((e.flags & LOOM_QUERY_EDNS) == 0) return LOOM_OK;
    const std::uint16_t limit = std::max(octets, udp_size_min);
    e.edns_udp_size = std::min(e.edns_udp_size, limit);
    if ((e.flags & LOOM_QUERY_STREAM) == 0) e.reply_max = std::min(e.reply_max, limit);
    return LOOM_OK;
}

// Types whose rdata has no name that a plugin would rename or that may be compressed (RFC 3597
// section 4).
bool is_without_names(std::uint16_t type) {
    using namespace dns::rr_type;
    return type == a || type == aaaa || type == txt || type == caa || type == tlsa ||
           type == sshfp || type == ds || type == rrsig || type == svcb || type == https;
}

// Where the records begin if every owner is a pointer to the question's name, which is `from`; else 0.
std::size_t end_of_simple_question(std::span<const std::uint8_t> message, dns::NameView from) {
    constexpr std::uint16_t pointer_to_question = 0xC000 | dns::header_size;
    constexpr std::size_t fixed = 2 + 10;  // Pointer; type, class, TTL, size.
    const std::size_t end = dns::header_size + from.size() + 4;
    if (message.size() < end || dns::load_u16(message.data() + 4) != 1) return 0;
    const auto asked = dns::NameView::check(message.subspan(dns::header_size, from.size()));
    if (!asked || !asked->equals(from)) return 0;
    unsigned count = 0;
    for (const std::size_t at : {6, 8, 10}) count += dns::load_u16(message.data() + at);
    std::size_t at = end;
    for (; count != 0; --count) {
        if (message.size() - at < fixed) return 0;
        const std::uint8_t* const record = message.data() + at;
        if (dns::load_u16(record) != pointer_to_question ||
            !is_without_names(dns::load_u16(record + 2)))
            return 0;
        const std::size_t rdata_size = dns::load_u16(record + 10);
        if (message.size() - at - fixed < rdata_size) return 0;
        at += fixed + rdata_size;
    }
    return at == message.size() ? end : 0;
}

loom_status rename_answer(loom_query* query, loom_bytes from) {
    Exchange& e = exchange_of(query);
    Response& r = e.response;
    if (e.phase != LOOM_PHASE_RESPONSE || r.form != ResponseForm::wire || !r.other_question)
        return LOOM_E_STATE;
    const auto name = dns::NameView::check({from.data, from.size});
    if (!name || name->size() != from.size) return LOOM_E_ARGUMENT;
    const std::size_t records = end_of_simple_question({r.wire, r.wire_size}, *name);
    if (records == 0) return LOOM_E_STATE;
    const std::size_t question = dns::header_size + e.qname.size + 4;
    const std::size_t size = question + (r.wire_size - records);
    if (size > dns::message_size_max) return LOOM_E_STATE;
    std::uint8_t* out = r.wire;
    if (!r.in_send_buffer || size > room_for_message(e)) {
        out = static_cast<std::uint8_t*>(e.arena.allocate(size, 1));
        if (!out) return LOOM_E_MEMORY;
        std::memcpy(out, r.wire, dns::header_size);
        r.in_send_buffer = false;
    }
    std::memmove(out + question, r.wire + records, r.wire_size - records);
    std::memcpy(out + dns::header_size, e.qname.data, e.qname.size);
    dns::store_u16(out + question - 4, e.qtype);
    dns::store_u16(out + question - 2, e.qclass);
    r.wire = out;
    r.wire_size = static_cast<std::uint32_t>(size);
    r.other_question = false;
    return LOOM_OK;
}

}  // namespace

const loom_question_1 question_service = {
    sizeof(loom_question_1), set, set_flags, set_options, limit_size, rename_answer};

void set_malformed(Exchange& e) {
    set_error(e, dns::rcode::servfail);
    add_extended_error(e, dns::ede_code::invalid_data, "malformed answer");
}

void restore_question(Exchange& e, std::uint16_t stage) {
    while (e.changed && e.changed->stage >= stage) {
        const SavedQuestion& before = *e.changed;
        if (before.renamed && e.response.form == ResponseForm::wire)
            e.response.other_question = true;
        e.flags = before.flags;
        e.qtype = before.qtype;
        e.qclass = before.qclass;
        e.label_count = before.label_count;
        e.qname = before.qname;
        e.qname_lower = before.qname_lower;
        e.suffix_hash = before.suffix_hash;
        e.label_offset = before.label_offset;
        e.edns_options = before.edns_options;
        e.changed = before.before;
    }
}

}  // namespace loom::host
