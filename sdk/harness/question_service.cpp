// SPDX-License-Identifier: Apache-2.0
// Service "loom.question/1".
#include "query_access.hpp"
#include "services.hpp"

#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/options.hpp>

#include <algorithm>

namespace loom::harness {
namespace {

constexpr std::uint32_t flags_mask =
    LOOM_QUERY_DO | LOOM_QUERY_RD | LOOM_QUERY_CD | LOOM_QUERY_AD;
constexpr std::uint16_t udp_size_min = 512;
constexpr std::size_t options_max = 4096;

/// The flight on its way down; null on the way up and outside of hooks.
Flight* changeable(loom_query* query, std::string_view function) {
    auto* flight = in_hook(query, std::string{function} + " of \"loom.question/1\"");
    return flight && query->phase == LOOM_PHASE_QUERY ? flight : nullptr;
}

loom_status
set(loom_query* query, loom_bytes qname, std::uint16_t qtype, std::uint16_t qclass) noexcept {
    auto* flight = changeable(query, "set()");
    if (!flight) return LOOM_E_STATE;
    const auto octets = view(qname);
    const auto name = dns::NameView::check(octets);
    if (!name || name->size() != octets.size()) return LOOM_E_ARGUMENT;
    auto changed = flight->question();
    changed.name.assign(octets.begin(), octets.end());
    changed.type = qtype;
    changed.qclass = qclass;
    flight->change_question(std::move(changed));
    return LOOM_OK;
}

loom_status set_flags(loom_query* query, std::uint32_t mask, std::uint32_t value) noexcept {
    auto* flight = changeable(query, "set_flags()");
    if (!flight) return LOOM_E_STATE;
    if ((mask & ~flags_mask) != 0) return LOOM_E_ARGUMENT;
    auto changed = flight->question();
    changed.flags = (changed.flags & ~mask) | (value & mask);
    flight->change_question(std::move(changed));
    return LOOM_OK;
}

loom_status set_options(loom_query* query, loom_bytes options) noexcept {
    auto* flight = changeable(query, "set_options()");
    if (!flight) return LOOM_E_STATE;
    const auto octets = view(options);
    if (octets.size() > options_max || !dns::EdnsOptions::check(octets)) return LOOM_E_ARGUMENT;
    auto changed = flight->question();
    changed.options.assign(octets.begin(), octets.end());
    flight->change_question(std::move(changed));
    return LOOM_OK;
}

loom_status limit_size(loom_query* query, std::uint16_t octets) noexcept {
    auto* flight = changeable(query, "limit_size()");
    if (!flight) return LOOM_E_STATE;
    auto changed = flight->question();
    if ((changed.flags & LOOM_QUERY_EDNS) == 0) return LOOM_OK;
    changed.udp_size = std::min(changed.udp_size, std::max(octets, udp_size_min));
    flight->change_question(std::move(changed));
    return LOOM_OK;
}

// No answer is simple: plugins have to rename records anyway, and so they are tested in it.
loom_status rename_answer(loom_query* query, loom_bytes) noexcept {
    if (query->phase != LOOM_PHASE_RESPONSE)
        QueryBlock::of(query).core->misuse("rename_answer() was called outside on_response");
    return LOOM_E_STATE;
}

}  // namespace

const loom_question_1 question_service = {
    .size = sizeof(loom_question_1),
    .set = set,
    .set_flags = set_flags,
    .set_options = set_options,
    .limit_size = limit_size,
    .rename_answer = rename_answer};

}  // namespace loom::harness
