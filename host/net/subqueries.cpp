// SPDX-License-Identifier: Apache-2.0
// Worker's part about queries that plugins ask: made like one in flight, told to it when they end.
#include "worker.hpp"

#include "../pipeline/response_service.hpp"
#include "../pipeline/router.hpp"

#include <dnsloom/abi/service/ask.h>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/wire.hpp>

#include <cstring>

namespace loom::host {

namespace {

void point_at_name(Exchange& e) {
    e.label_count = e.name.label_count;
    e.qname = {e.name.octets.data(), e.name.size};
    e.qname_lower = {e.name.lower.data(), e.name.size};
    e.suffix_hash = e.name.suffix_hash.data();
    e.label_offset = e.name.label_offset.data();
}

// The message as a client would have sent it, so that `wire` and the question agree.
void write_message(Exchange& e) {
    const std::size_t size = dns::header_size + e.name.size + 4;
    auto* wire = static_cast<std::uint8_t*>(e.arena.allocate(size, 1));
    std::memset(wire, 0, dns::header_size);
    if ((e.flags & LOOM_QUERY_RD) != 0) wire[2] = 1;
    wire[5] = 1;
    std::memcpy(wire + dns::header_size, e.name.octets.data(), e.name.size);
    dns::store_u16(wire + size - 4, e.qtype);
    dns::store_u16(wire + size - 2, e.qclass);
    e.wire = {wire, size};
    e.edns_options = {};
}

// What it has of the query for which it is asked, and what it has for itself.
void liken(Exchange& e, const Exchange& like) {
    static_cast<loom_query&>(e) = like;
    e.flags = like.flags | LOOM_QUERY_SUBQUERY | LOOM_QUERY_STREAM;
    e.phase = LOOM_PHASE_QUERY;
    e.reply_max = dns::message_size_max;
    e.depth = static_cast<std::uint16_t>(like.depth + 1);
    e.client_address = *like.client;
    e.local_address = *like.local;
    e.client = &e.client_address;
    e.local = &e.local_address;
    e.listener = like.listener;
    e.udp = nullptr;
    e.tcp = nullptr;
    e.slot = 0;
    e.ended = false;
}

}  // namespace

Exchange* Worker::make_subquery(
    const Exchange& like, std::span<const std::uint8_t> qname, std::uint16_t qtype,
    std::uint16_t qclass) {
    Exchange* e = take_exchange();
    // Names from plugins are checked like those from the network.
    if (!e->name.assign(services_.hash_key, qname) || e->name.size != qname.size()) {
        recycle(e);
        return nullptr;
    }
    reset_exchange(*e);
    liken(*e, like);
    point_at_name(*e);
    e->qtype = qtype;
    e->qclass = qclass;
    e->now_ns = now_ns();
    e->received_ns = e->now_ns;
    write_message(*e);
    e->detached = true;
    e->generation_pin = like.generation_pin;
    ++e->generation_pin->in_flight;
    e->epoch = epochs_.enter();
    count(metrics_.subqueries);
    return e;
}

loom_status Worker::ask(
    Exchange& parent, std::span<const std::uint8_t> qname, std::uint16_t qtype,
    std::uint16_t qclass, std::int32_t from, loom_token token) {
    if (parent.depth >= depth_max) return LOOM_E_LIMIT;
    Exchange* outermost = &parent;
    while (outermost->parent) outermost = outermost->parent;
    if (outermost->subqueries >= subqueries_max) return LOOM_E_LIMIT;

    Exchange* e = make_subquery(parent, qname, qtype, qclass);
    if (!e) return LOOM_E_ARGUMENT;
    ++outermost->subqueries;
    e->origin = Origin::subquery;
    e->parent = &parent;
    e->parent_token = token;
    e->deadline_ns = parent.deadline_ns;
    e->sibling = parent.children;
    parent.children = e;
    e->from_top = from == LOOM_FROM_TOP;
    e->first_stage = e->from_top ? 0 : static_cast<std::uint16_t>(parent.stage + 1);
    enqueue(*e);
    return LOOM_OK;
}

loom_status Worker::ask_in_background(
    Exchange& like, const Instance& asker, void (*done)(void*, loom_query*), void* arg) {
    if (like.depth >= depth_max || suspended_count() >= limits_.suspended) return LOOM_E_LIMIT;
    Exchange* e = make_subquery(
        like, {like.qname.data, like.qname.size}, like.qtype, like.qclass);
    if (!e) return LOOM_E_ARGUMENT;
    e->origin = Origin::background;
    e->done = done;
    e->done_argument = arg;
    e->asker = &asker;
    e->deadline_ns = now_ns() + limits_.query_timeout_ns;
    e->from_top = false;
    e->pipeline = like.pipeline;
    e->zone = like.zone;
    e->first_stage = static_cast<std::uint16_t>(like.stage + 1);
    enqueue(*e);
    return LOOM_OK;
}

void Worker::begin_subquery(Exchange& e) {
    if (e.cancelled) {
        release(e);
        return;
    }
    if (!e.from_top) {
        e.pipeline = e.parent ? e.parent->pipeline : e.pipeline;
        e.stage = e.first_stage;
        finish(e, walk(e));
        return;
    }
    const auto& routers = e.generation_pin->routers;
    const Router* router = e.listener < routers.size() ? routers[e.listener] : nullptr;
    const auto route = router ? router->find(e) : std::nullopt;
    if (!route) {
        set_error(e, dns::rcode::refused);
        finish(e, Walk::done);
        return;
    }
    e.zone = {route->zone.data(), route->zone.size()};
    enter(e, *e.generation_pin, route->server);
    finish(e, walk(e));
}

void Worker::orphan_children(Exchange& e) {
    for (Exchange* child = e.children; child != nullptr;) {
        Exchange* next = child->sibling;
        child->cancelled = true;
        child->parent = nullptr;
        if (child->ended) release(*child);
        child = next;
    }
    e.children = nullptr;
}

}  // namespace loom::host
