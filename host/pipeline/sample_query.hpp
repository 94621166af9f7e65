// SPDX-License-Identifier: Apache-2.0
// Queries and plugins for tests: no sockets, no shared objects.
#pragma once

#include "exchange.hpp"
#include "intake.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/wire.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loom::host {

inline constexpr HashKey sample_key{0x0123456789ABCDEFU, 0x9E3779B97F4A7C15U};

using Octets = std::vector<std::uint8_t>;

inline dns::Name name(std::string_view text) { return dns::Name::from_text(text).value(); }

inline Octets wire_name(std::string_view text) {
    const dns::Name owner = name(text);
    return {owner.octets().begin(), owner.octets().end()};
}

/// A query message: header bits as on the wire.
struct QueryText {
    std::string_view qname = "www.example.org.";
    std::uint16_t qtype = dns::rr_type::a;
    std::uint16_t qclass = dns::rr_class::in;
    std::uint16_t bits = dns::flag::rd;
    std::uint16_t id = 0x1234;
};

inline void put_u16(Octets& out, std::uint16_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8U));
    out.push_back(static_cast<std::uint8_t>(value));
}

inline Octets query_message(const QueryText& text = {}) {
    Octets out;
    for (const std::uint16_t field : {text.id, text.bits}) put_u16(out, field);
    out.insert(out.end(), {0, 1, 0, 0, 0, 0, 0, 0});
    const Octets qname = wire_name(text.qname);
    out.insert(out.end(), qname.begin(), qname.end());
    put_u16(out, text.qtype);
    put_u16(out, text.qclass);
    return out;
}

/// Adds to one of the counts of the header: 0 questions, 1 answers, 2 authorities, 3 additionals.
inline void add_to_count(Octets& message, std::size_t which) {
    std::uint8_t* at = message.data() + 4 + 2 * which;
    dns::store_u16(at, static_cast<std::uint16_t>(dns::load_u16(at) + 1));
}

struct OptText {
    std::uint16_t udp_size = 1232;
    bool dnssec_ok = false;
    std::uint8_t version = 0;
    Octets options;
    std::size_t section = 3;
};

inline void append_opt(Octets& message, const OptText& opt = {}) {
    message.push_back(0);
    put_u16(message, dns::rr_type::opt);
    put_u16(message, opt.udp_size);
    message.push_back(0);
    message.push_back(opt.version);
    put_u16(message, opt.dnssec_ok ? 0x8000 : 0);
    put_u16(message, static_cast<std::uint16_t>(opt.options.size()));
    message.insert(message.end(), opt.options.begin(), opt.options.end());
    add_to_count(message, opt.section);
}

inline Octets edns_message(const QueryText& text = {}, const OptText& opt = {}) {
    Octets out = query_message(text);
    append_opt(out, opt);
    return out;
}

/// A query that was taken in, with a send buffer of its own.
struct SampleQuery {
    explicit SampleQuery(Octets octets = query_message(), bool stream = false)
        : message{std::move(octets)}, room(dns::message_size_max) {
        reset_exchange(*e);
        static_cast<loom_query&>(*e) = loom_query{};
        e->transport = stream ? LOOM_TRANSPORT_TCP : LOOM_TRANSPORT_UDP;
        e->client = &client;
        e->local = &local;
        e->send_buffer = room.data();
        e->send_size = static_cast<std::uint32_t>(room.size());
        taken = take_in(*e, message, sample_key, {});
    }

    Octets message;
    Octets room;
    loom_address client{};
    loom_address local{};
    std::unique_ptr<Exchange> e = std::make_unique<Exchange>();
    IntakeResult taken;
};

/// A plugin whose hooks are what a test puts there; empty ones are hooks that it does not have.
struct FakePlugin {
    std::function<loom_verdict(Exchange&)> on_query;
    std::function<loom_verdict(Exchange&)> on_response;
    std::function<loom_verdict(Exchange&, std::int32_t, void*)> on_resume;
    std::function<void(Exchange&, loom_token)> on_cancel;
    std::function<void(const Exchange&)> prepare;
    std::uint32_t roles = 0;
    std::uint32_t scratch_size = 0;
    OutcomeRules on;
    std::vector<dns::Name> fallthrough;
    loom_plugin table{};

    /// Appends it to `pipeline`; it must stay where it is.
    void join(Pipeline& pipeline, Instance* instance) {
        table.size = sizeof table;
        table.roles = roles;
        table.scratch_size = scratch_size;
        if (on_query) table.on_query = run_query;
        if (on_response) table.on_response = run_response;
        if (on_resume) table.on_resume = run_resume;
        if (on_cancel) table.on_cancel = run_cancel;
        if (prepare) table.prepare = run_prepare;
        pipeline.add(
            {table.on_query, table.on_response, reinterpret_cast<loom_instance*>(this), nullptr},
            {instance, &table, on, fallthrough, 0});
    }

private:
    static FakePlugin& self(loom_instance* instance) {
        return *reinterpret_cast<FakePlugin*>(instance);
    }
    static loom_verdict run_query(loom_instance* instance, void*, loom_query* query) {
        return self(instance).on_query(exchange_of(query));
    }
    static loom_verdict run_response(loom_instance* instance, void*, loom_query* query) {
        return self(instance).on_response(exchange_of(query));
    }
    static loom_verdict
    run_resume(loom_instance* instance, void*, loom_query* query, std::int32_t reason, void* arg) {
        return self(instance).on_resume(exchange_of(query), reason, arg);
    }
    static void run_cancel(loom_instance* instance, void*, loom_query* query, loom_token token) {
        self(instance).on_cancel(exchange_of(query), token);
    }
    static void run_prepare(loom_instance* instance, void*, const loom_query* query) {
        self(instance).prepare(exchange_of(query));
    }
};

}  // namespace loom::host
