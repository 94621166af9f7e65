// SPDX-License-Identifier: Apache-2.0
#include "cache.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/dns/wire.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

namespace loom::cache {

// RD is in the key: without it, a question that a resolver would not follow could leave its
// referral to those who want an answer.
Key key_of(const loom_query& query, std::uint8_t bits) {
    if ((query.flags & LOOM_QUERY_DO) != 0) bits |= key_do;
    if ((query.flags & LOOM_QUERY_CD) != 0) bits |= key_cd;
    if ((query.flags & LOOM_QUERY_RD) != 0) bits |= key_rd;
    const uint64_t hash = key_hash(query.suffix_hash[0], query.qtype, bits);
    return {hash, view(query.qname_lower), query.qtype, bits};
}

namespace {

constexpr uint64_t second_ns = 1'000'000'000;

// Nothing if the cache has nothing to do with it.
std::optional<Subject> subject_of(const loom_query& query) {
    if (query.opcode != dns::opcode::query || query.qclass != dns::rr_class::in)
        return std::nullopt;
    if (dns::is_meta_type(query.qtype) && query.qtype != dns::rr_type::any) return std::nullopt;
    if (query.edns_options.size == 0) [[likely]]
        return Subject{key_of(query)};
    const auto options = dns::EdnsOptions::check(view(query.edns_options));
    if (!options) return std::nullopt;
    const auto option = options->find(dns::option_code::client_subnet);
    if (!option) return Subject{key_of(query)};
    // Who does not want to tell where it is gets what is meant for it alone (RFC 7871 section 7.1.2).
    auto subnet = ClientSubnet::read(*option);
    if (!subnet || subnet->source == 0) return std::nullopt;
    subnet->scope = 0;
    return Subject{key_of(query, key_subnet), subnet};
}

// Two networks may have one hash, if those who choose their addresses mean harm.
bool is_for(const Entry& entry, const ClientSubnet& network) {
    const auto options = dns::EdnsOptions::check({entry.options(), entry.options_size});
    const auto option = options ? options->find(dns::option_code::client_subnet) : std::nullopt;
    const auto answered = option ? ClientSubnet::read(*option) : std::nullopt;
    return answered && answered->shortened(network.source).same_network(network);
}

bool is_failure(std::uint16_t rcode) {
    return rcode != dns::rcode::noerror && rcode != dns::rcode::nxdomain;
}

}  // namespace

Cache::Cache(const Host& host, const Options& options)
    : host_{host},
      settings_{read_settings(host, options)},
      events_{static_cast<const loom_events_1*>(
          host.table().service(&host.table(), LOOM_SERVICE_EVENTS))},
      ask_{host.service<loom_ask_1>(LOOM_SERVICE_ASK)},
      hits_success_{define_hits("success")},
      hits_denial_{define_hits("denial")},
      misses_{host.counter("dnsloom_cache_misses_total", "Questions without an answer here.")},
      waits_{host.counter(
          "dnsloom_cache_waits_total", "Questions that waited for the answer to another one.")},
      prefetches_{
          host.counter("dnsloom_cache_prefetch_total", "Entries renewed before their end.")},
      stale_{host.counter(
          "dnsloom_cache_served_stale_total", "Questions answered from entries after their end.")},
      evictions_{
          host.counter("dnsloom_cache_evictions_total", "Entries that made room for others.")},
      drops_{host.counter(
          "dnsloom_cache_drops_total", "Responses that did not match their question.")},
      entries_{host.gauge("dnsloom_cache_entries", "Entries, expired ones included.")},
      octets_{host.gauge("dnsloom_cache_bytes", "Octets that entries take.")},
      pool_{Pool::of(
          settings_.share, {settings_.region_size, settings_.denial_size}, host.workers())},
      slices_{pool_->slices},
      flush_{
          host,
          "flush",
          "NAME|ZONE|all",
          [this](auto words, const auto& reply) { flush(words, reply); }},
      dump_{host, "dump", "", [this](auto words, const auto& reply) { dump(words, reply); }} {
    for (const auto& slice : slices_) ears_.push_back({&host_, slice.get()});
}

Metric Cache::define_hits(std::string_view type) const {
    return host_.counter(
        "dnsloom_cache_hits_total", "Questions answered from the cache.", {{"type", type}});
}

void Cache::start() {
    const bool is_new =
        std::ranges::none_of(slices_, [](const auto& slice) { return slice->has_memory(); });
    for (std::size_t i = 0; i < slices_.size(); ++i) {
        if (slices_[i]->open(size_of(i))) continue;
        throw ConfigError(fmt::format(
            "the system refuses {} KiB of memory: make capacity smaller", size_of(i) >> 10U));
    }
    if (is_new && !settings_.file.empty()) load();
    ++pool_->users;
    if (events_ != nullptr) events_->subscribe(&host_.table(), on_event, this, &subscription_);
}

void Cache::stop() {
    if (subscription_ != 0)
        events_->cancel(&host_.table(), std::exchange(subscription_, loom_handle{0}));
    --pool_->users;
    // Where somebody goes on with the memory, there is nothing to keep for later.
    if (pool_->is_left() && !settings_.file.empty()) save();
}

// -- The way down ---------------------------------------------------------------------------------

void Cache::prepare(Worker& worker, const loom_query& query) noexcept {
    worker.slice.store().prefetch(key_of(query).hash);
}

loom_verdict Cache::on_query(Worker& worker, Query& query) {
    const auto subject = subject_of(*query.raw());
    if (!subject) return LOOM_NEXT;
    Entry* const entry = lookup(worker, *subject, query);
    if (entry == nullptr) return miss(worker, *subject, query);
    const loom_verdict verdict = serve(*entry, *subject, query);
    if (settings_.prefetch != 0 && verdict == LOOM_ANSWERED && !subject->subnet)
        prefetch(worker, subject->key, *entry, query);
    return verdict;
}

Entry* Cache::lookup(Worker& worker, const Subject& subject, const Query& query) {
    Store::Tally tally;
    const auto find = [&](const Key& key) { return worker.lookup(key, *query.raw(), tally); };
    Entry* entry = find(subject.key);
    if (entry != nullptr && entry->kind == Kind::scopes) [[unlikely]] {
        const ClientSubnet client = subject.network(*query.raw());
        entry = ScopeList{*entry}.find(client.family, client.source, [&](std::uint8_t bits) {
            const ClientSubnet network = client.shortened(bits);
            Entry* const found = find(subject.key_for(network));
            return found != nullptr && is_for(*found, network) ? found : nullptr;
        });
    }
    if (tally.placed != 0) [[unlikely]]
        note_changes(worker, tally);
    return entry;
}

loom_verdict Cache::miss(Worker& worker, const Subject& subject, Query& query) {
    host_.add(query->worker, misses_);
    if (worker.slice.take_previous_done()) drop_previous_later(worker.slice);
    if (worker.denials != nullptr && worker.denials->take_previous_done())
        drop_previous_later(*worker.denials);
    // Nobody asks in the background for a part of the world.
    if (settings_.stale != 0 && !subject.subnet) {
        const Entry* const entry = worker.stale(subject.key, *query.raw(), settings_.stale);
        if (entry != nullptr) return refresh_stale(worker, subject.key, *entry, query);
    }
    const Key key = subject.flight_key();
    Flight* flight = worker.flights.find(key, query->now_ns);
    if (flight != nullptr && flight->asking)
        return wait(worker, *flight, query) ? LOOM_PENDING : LOOM_NEXT;
    flight = worker.flights.open(key, query->now_ns);
    if (flight != nullptr) {
        auto& passage = query.scratch<Passage>();
        passage.leads = flight;
        passage.lead = flight->number;
    }
    // What is kept is for those too who ask with AD.
    query.question().set_flags(LOOM_QUERY_AD, LOOM_QUERY_AD);
    return LOOM_NEXT;
}

loom_verdict Cache::on_resume(Worker& worker, Query& query, int32_t, void* arg) {
    auto* const landed = static_cast<Landed*>(arg);
    const auto subject = subject_of(*query.raw());
    Entry* const entry = subject ? lookup(worker, *subject, query) : nullptr;
    loom_verdict verdict = entry != nullptr ? serve(*entry, *subject, query) : LOOM_NEXT;
    const bool good = landed != nullptr && !is_failure(landed->rcode);
    if (verdict == LOOM_NEXT && good && subject && give(*landed, *subject, query))
        verdict = LOOM_ANSWERED;
    if (verdict == LOOM_NEXT && settings_.stale != 0 && subject && !subject->subnet) {
        const Entry* const old = worker.stale(subject->key, *query.raw(), settings_.stale);
        if (old != nullptr) verdict = serve_stale(*old, query);
    }
    if (verdict == LOOM_NEXT && landed != nullptr && !good && subject &&
        give(*landed, *subject, query))
        verdict = LOOM_ANSWERED;
    if (landed != nullptr && --landed->left == 0)
        std::erase_if(worker.landed, [&](const auto& one) { return one.get() == landed; });
    if (verdict == LOOM_NEXT) query.question().set_flags(LOOM_QUERY_AD, LOOM_QUERY_AD);
    return verdict;
}

void Cache::on_cancel(Worker&, Query& query, loom_token) {
    Flights::leave(query.scratch<Passage>());
}

// -- Serving --------------------------------------------------------------------------------------

namespace {

// The client's own option, with the scope of the answer (RFC 7871 section 7.2.1).
void give_subnet(ClientSubnet client, Bytes answered, Response& response) {
    const auto kept = ClientSubnet::read(answered);
    if (!kept) return;
    client.scope = kept->scope;
    std::array<uint8_t, 20> room;
    response.option(dns::option_code::client_subnet, std::span{room}.first(client.write(room)));
}

}  // namespace

bool Cache::write(
    const Entry& entry, const ClientSubnet* subnet, Query& query, const Aging& aging) const {
    auto response = query.response();
    const bool wants_ad = query.has(LOOM_QUERY_DO | LOOM_QUERY_AD);
    // Before buffer(), which leaves room for them.
    if (entry.options_size != 0 && query.has(LOOM_QUERY_EDNS)) {
        const auto options = dns::EdnsOptions::check({entry.options(), entry.options_size});
        for (const auto& option : *options) {
            if (option.code != dns::option_code::client_subnet)
                response.option(option.code, option.data);
            else if (subnet != nullptr)
                give_subnet(*subnet, option.data, response);
        }
    }
    if (const auto room = response.buffer(); room.size() >= entry.message_size) {
        render(entry, aging, wants_ad, room.data());
        return response.commit(entry.message_size) == LOOM_OK;
    }
    auto* const copy = static_cast<uint8_t*>(query.alloc(entry.message_size, 1));
    if (copy == nullptr) return false;
    render(entry, aging, wants_ad, copy);
    return response.set_wire({copy, entry.message_size}) == LOOM_OK;
}

loom_verdict Cache::serve(Entry& entry, const Subject& subject, Query& query) const {
    const Aging aging{.subtract = settings_.keeps_ttl ? 0 : entry.age(query->now_ns)};
    const ClientSubnet* const subnet = subject.subnet ? &*subject.subnet : nullptr;
    if (!write(entry, subnet, query, aging)) return LOOM_NEXT;
    // Counted further only where somebody reads it: the line is another worker's to write otherwise.
    if (entry.hit == 0 || (settings_.prefetch != 0 && entry.hit != UINT8_MAX)) ++entry.hit;
    host_.add(query->worker, entry.kind == Kind::success ? hits_success_ : hits_denial_);
    return LOOM_ANSWERED;
}

loom_verdict Cache::serve_stale(const Entry& entry, Query& query) const {
    const bool is_nxdomain = (entry.message()[3] & 0xFU) == dns::rcode::nxdomain;
    query.response().extended_error(
        is_nxdomain ? dns::ede_code::stale_nxdomain_answer : dns::ede_code::stale_answer, {});
    if (!write(entry, nullptr, query, {.all = settings_.stale_ttl})) return LOOM_NEXT;
    host_.add(query->worker, stale_);
    return LOOM_ANSWERED;
}

bool Cache::give(Landed& landed, const Subject& subject, Query& query) {
    // Who asked may be elsewhere, if it was not the client who told where that is.
    const auto scope = scope_of(landed.options, subject.network(*query.raw()));
    if (!scope) return false;
    auto response = query.response();
    if (query.has(LOOM_QUERY_EDNS)) {
        const auto options = dns::EdnsOptions::check(landed.options);
        if (options)
            for (const auto& option : *options) response.option(option.code, option.data);
    }
    if (response.set_wire(landed.message) != LOOM_OK) return false;
    response.set_rcode(landed.rcode);
    if (!query.has(LOOM_QUERY_DO | LOOM_QUERY_AD)) response.set_flags(LOOM_FLAG_AD, 0);
    return true;
}

// -- The way up -----------------------------------------------------------------------------------

loom_verdict Cache::on_response(Worker& worker, Query& query) {
    const auto subject = subject_of(*query.raw());
    if (!subject) return LOOM_NEXT;
    const bool kept = keep(worker, *subject, query);
    const auto& passage = query.scratch<Passage>();
    if (passage.leads != nullptr && passage.leads->number == passage.lead)
        land(worker, *passage.leads, query, kept);
    if (!query.has(LOOM_QUERY_DO | LOOM_QUERY_AD)) query.response().set_flags(LOOM_FLAG_AD, 0);
    return LOOM_NEXT;
}

// True if the next one who asks gets it.
bool Cache::keep(Worker& worker, const Subject& subject, Query& query) {
    auto response = query.response();
    if (!response.present()) return false;
    if ((response.flags() & LOOM_FLAG_TC) != 0) return false;
    if (!worker.slice.is_current(*query.raw())) return false;
    const auto options = kept_options(
        response.options(),
        subject.network(*query.raw()),
        subject.subnet.has_value(),
        worker.options);
    if (!options) return false;

    const bool is_for_all = options->scope == 0;
    const ClientSubnet network = subject.network(*query.raw()).shortened(options->scope);
    const Key key = is_for_all ? subject.key : subject.key_for(network);
    const Bytes message = response.wire();
    const uint64_t now_s = host_.realtime_ns() / second_ns;
    Survey& found = worker.survey;
    const auto verdict =
        survey(message, key.name, key.type, response.rcode(), now_s, settings_.limits, found);
    if (!verdict) {
        if (verdict.error() == Refusal::malformed) host_.add(query->worker, drops_);
        return false;
    }
    const NameSet& disabled =
        found.kind == Kind::success ? settings_.disable_success : settings_.disable_denial;
    if (disabled.covers(*query.raw())) return false;
    // Of two that asked at once one may have failed: that must not displace what the other one got.
    if (found.kind == Kind::failure && worker.stale(key, *query.raw(), settings_.stale) != nullptr)
        return false;

    if (!is_for_all && !note_scope(worker, subject.key, network, found.ttl, query->now_ns))
        return false;
    Store::Tally tally;
    Slice& slice = worker.slice_for(found.kind);
    Store store = slice.store();
    const std::size_t size = Entry::size_for(found.size, found.ttl_count, options->octets.size());
    Entry* const entry = store.place(key, size, query->now_ns, tally);
    if (entry != nullptr) {
        fill(*entry, message, key, found, options->octets, query->now_ns);
        store.note_ttl(found.ttl + settings_.stale);
        if (worker.denials != nullptr)
            (&slice == &worker.slice ? *worker.denials : worker.slice).store().remove(key);
    }
    note_changes(worker, tally);
    return entry != nullptr;
}

// Adds to the list that stands where an answer for all would.
bool Cache::note_scope(
    Worker& worker,
    const Key& key,
    const ClientSubnet& network,
    std::uint32_t ttl,
    std::uint64_t now_ns) {
    Store store = worker.slice.store();
    const Entry* const known = store.find(key);
    const bool is_list = known != nullptr && known->kind == Kind::scopes && known->is_fresh(now_ns);
    ScopeList list = is_list ? ScopeList{*known} : ScopeList{};
    const std::uint32_t left = is_list ? known->ttl - known->age(now_ns) : 0;
    if (!list.add(network.family, network.source)) return false;
    std::array<uint8_t, dns::header_size + dns::name_size_max + 4> room{};
    const auto question = std::span{room}.first(dns::header_size + key.name.size() + 4);
    room[5] = 1;
    std::memcpy(room.data() + dns::header_size, key.name.data(), key.name.size());
    dns::store_u16(question.last(4).data(), key.type);
    dns::store_u16(question.last(2).data(), dns::rr_class::in);
    Store::Tally tally;
    Entry* const entry =
        store.place(key, Entry::size_for(question.size(), 0, list.octets().size()), now_ns, tally);
    if (entry != nullptr) fill_scopes(*entry, question, list, std::max(ttl, left), now_ns);
    note_changes(worker, tally);
    return entry != nullptr;
}

// Keeps the metrics: the gauges now and then only, as all workers write the same cell.
void Cache::note_changes(Worker& worker, const Store::Tally& tally) {
    if (tally.evicted != 0) host_.add(worker.number, evictions_, tally.evicted);
    constexpr uint64_t seldom = 64;
    const Store store = worker.slice.store();
    if (++worker.insertions % seldom != 0 && store.entries() >= seldom) return;
    auto entries = static_cast<int64_t>(store.entries());
    auto octets = static_cast<int64_t>(store.used());
    if (worker.denials != nullptr) {
        entries += static_cast<int64_t>(worker.denials->store().entries());
        octets += static_cast<int64_t>(worker.denials->store().used());
    }
    const int64_t more_entries = entries - std::exchange(worker.published_entries, entries);
    const int64_t more_octets = octets - std::exchange(worker.published_octets, octets);
    host_.set(entries_, static_cast<double>(entry_count_ += more_entries));
    host_.set(octets_, static_cast<double>(octet_count_ += more_octets));
}

// Unmapping takes long, so not on the worker.
void Cache::drop_previous_later(Slice& slice) const {
    const auto drop = [](void* arg) { static_cast<Slice*>(arg)->drop_previous(); };
    host_.loop_service()->post(&host_.table(), LOOM_CONTROL, drop, &slice);
}

}  // namespace loom::cache

LOOM_PLUGIN(loom::cache::Cache, "cache", "1.0.0");
