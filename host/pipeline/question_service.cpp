// SPDX-License-Identifier: Apache-2.0
#include "question_service.hpp"

#include "../generation/instance.hpp"
#include "../services/services.hpp"
#include "reply_options.hpp"
#include "response_service.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/edns.hpp>

#include <algorithm>
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

}  // namespace

const loom_question_1 question_service = {
    sizeof(loom_question_1), set, set_flags, set_options, limit_size};

void restore_question(Exchange& e, std::uint16_t stage) {
    while (e.changed && e.changed->stage >= stage) {
        const SavedQuestion& before = *e.changed;
        if (before.renamed && e.response.form == ResponseForm::wire && !make_records(e)) {
            set_error(e, dns::rcode::servfail);
            add_extended_error(e, dns::ede_code::invalid_data, "malformed answer");
        }
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
