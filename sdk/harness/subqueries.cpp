// SPDX-License-Identifier: Apache-2.0
// What service "loom.ask/1" does with a query.
#include "conductor.hpp"
#include "core.hpp"

#include <dnsloom/dns/name.hpp>
#include <dnsloom/options.hpp>

#include <algorithm>

namespace loom::harness {
namespace {

constexpr std::uint16_t depth_max = 8;
constexpr std::uint32_t subqueries_max = 32;

Flight& outermost(Flight& flight) {
    auto* at = &flight;
    while (at->course.parent) at = at->course.parent;
    return *at;
}

bool is_whole_name(std::span<const std::uint8_t> octets) {
    const auto name = dns::NameView::check(octets);
    return name && name->size() == octets.size();
}

}  // namespace

std::shared_ptr<Flight>
Conductor::child_of(Flight& like, Origin origin, const Question::Data& question) {
    auto data = question;
    data.depth = static_cast<std::uint16_t>(like.query().depth + 1);
    data.flags |= LOOM_QUERY_SUBQUERY;
    data.meta.clear();
    return add(data, origin, core_.loop().now_ns());
}

loom_status Conductor::ask(
    Flight& parent,
    loom_bytes qname,
    std::uint16_t qtype,
    std::uint16_t qclass,
    std::int32_t from,
    loom_token token) {
    if (parent.course.in_hook != InHook::yes || token == 0 || parent.course.armed != token) {
        core_.misuse("ask() was called outside the hook that suspended the query as this token");
        return LOOM_E_STATE;
    }
    if (!is_whole_name(view(qname)) || (from != LOOM_FROM_TOP && from != LOOM_FROM_NEXT)) {
        core_.misuse("ask() was called with a malformed name or an unknown start");
        return LOOM_E_ARGUMENT;
    }
    auto& asked = outermost(parent).course.asked;
    if (parent.query().depth >= depth_max || asked >= subqueries_max) return LOOM_E_LIMIT;
    ++asked;

    auto question = parent.question();
    question.name.assign(qname.data, qname.data + qname.size);
    question.type = qtype;
    question.qclass = qclass;
    const auto now = core_.loop().now_ns();
    question.deadline = std::chrono::nanoseconds{
        parent.query().deadline_ns - std::min(now, parent.query().deadline_ns)};
    if (from == LOOM_FROM_TOP) question.zone = core_.zone_of(question.name);
    const auto child = child_of(parent, Origin::subquery, question);
    child->course.parent = &parent;
    child->course.parent_token = token;
    parent.course.children.push_back(child);
    consult(*child, from == LOOM_FROM_TOP ? top_ : behind_);
    return LOOM_OK;
}

loom_status Conductor::background(Flight& like, void (*done)(void*, loom_query*), void* argument) {
    if (like.course.in_hook != InHook::yes) {
        core_.misuse("background() of \"loom.ask/1\" was called outside the query's hooks");
        return LOOM_E_STATE;
    }
    if (like.query().depth >= depth_max) return LOOM_E_LIMIT;
    const auto flight = child_of(like, Origin::background, like.question());
    flight->course.done = done;
    flight->course.done_argument = argument;
    consult(*flight, behind_);
    return LOOM_OK;
}

}  // namespace loom::harness
