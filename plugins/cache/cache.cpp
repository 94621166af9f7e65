// SPDX-License-Identifier: Apache-2.0
// Answers questions from what passed before, for as long as the TTLs allow.
//
// A hit is one lookup in the memory of the query's own worker, a copy into the send buffer and a
// subtraction for each TTL: no lock, no allocation, no system call. See README.md for the rules,
// store.hpp for the memory, slice.hpp for how it passes from one build of this plugin to the next.

#include "admission.hpp"
#include "handover.hpp"
#include "slice.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/wire.hpp>
#include <dnsloom/plugin.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace loom::cache {
namespace {

constexpr int64_t second_ns = 1'000'000'000;
constexpr int64_t day_ns = 24 * 3600 * second_ns;

constexpr OptionSpec option_specs[] = {
    OptionSpec{"capacity", LOOM_OPTION_SIZE, "Memory for entries and their index, of all workers."}
        .by_default("64MiB")
        .between(1 << 20, int64_t{64} << 30),
    OptionSpec{"max_ttl", LOOM_OPTION_DURATION, "Longest life of an answer."}
        .by_default("1h")
        .between(second_ns, 30 * day_ns),
    OptionSpec{"negative_max_ttl", LOOM_OPTION_DURATION, "Longest life of a denial."}
        .by_default("30m")
        .between(second_ns, 30 * day_ns),
    OptionSpec{"min_ttl", LOOM_OPTION_DURATION, "Shortest life of an answer or denial."}
        .by_default("0s")
        .between(0, day_ns),
    OptionSpec{"servfail", LOOM_OPTION_DURATION, "Life of a SERVFAIL; 0: not kept."}
        .by_default("5s")
        .between(0, 300 * second_ns),
};

uint32_t seconds(const Options& options, std::string_view name) {
    return static_cast<uint32_t>(options[name].integer() / second_ns);
}

Limits read_limits(const Options& options) {
    const Limits limits{
        .min_ttl = seconds(options, "min_ttl"),
        .max_ttl = seconds(options, "max_ttl"),
        .negative_max_ttl = seconds(options, "negative_max_ttl"),
        .servfail_ttl = seconds(options, "servfail")};
    for (const auto& [name, most] :
         {std::pair{"max_ttl", limits.max_ttl},
          std::pair{"negative_max_ttl", limits.negative_max_ttl}}) {
        if (limits.min_ttl <= most) continue;
        throw ConfigError(options["min_ttl"], fmt::format("min_ttl must not be above {}", name));
    }
    return limits;
}

std::size_t read_region_size(const Options& options, uint32_t workers) {
    const auto capacity = static_cast<std::size_t>(options["capacity"].integer());
    const std::size_t size = Region::whole_pages(capacity / workers);
    if (size >= Region::size_min) return size;
    throw ConfigError(
        options["capacity"],
        fmt::format(
            "capacity is too small for {} workers: each of them needs {} KiB, so make it {} KiB",
            workers,
            Region::size_min >> 10U,
            workers * (Region::size_min >> 10U)));
}

// Whether a query is one that this cache has to do with.
bool is_cacheable(const Query& query) {
    if (query->opcode != dns::opcode::query || query->qclass != dns::rr_class::in) return false;
    if (dns::is_meta_type(query->qtype) && query->qtype != dns::rr_type::any) return false;
    if (query->edns_options.size == 0) return true;
    // The answer may be meant for a part of the world only (RFC 7871 section 7.3).
    const auto options = dns::EdnsOptions::check(view(query->edns_options));
    return options && !options->find(dns::option_code::client_subnet);
}

// RD is in the key: without it, a question that a resolver would not follow could leave its
// referral to those who want an answer.
Key key_of(const loom_query& query) {
    uint8_t bits = 0;
    if ((query.flags & LOOM_QUERY_DO) != 0) bits |= key_do;
    if ((query.flags & LOOM_QUERY_CD) != 0) bits |= key_cd;
    if ((query.flags & LOOM_QUERY_RD) != 0) bits |= key_rd;
    const uint64_t hash = key_hash(query.suffix_hash[0], query.qtype, bits);
    return {hash, view(query.qname_lower), query.qtype, bits};
}

// Extended errors are the only EDNS options of a response that are as true the next time. Nothing
// if the response is meant for a part of the world only.
std::optional<Bytes> kept_options(Bytes octets, std::span<uint8_t> room) {
    const auto options = dns::EdnsOptions::check(octets);
    if (!options || options->find(dns::option_code::client_subnet)) return std::nullopt;
    dns::OptionsWriter kept{room};
    for (const auto& option : *options)
        if (option.code == dns::option_code::extended_error) kept.add(option.code, option.data);
    return kept.options().octets();
}

// Clears AA: what is served is a copy, whoever it came from (RFC 1035 section 4.1.1).
void set_header(uint8_t* message, const Key& key, Kind kind) {
    auto header = *dns::Header::read({message, dns::header_size});
    header.id = 0;
    header.clear(dns::flag::aa | dns::flag::tc | dns::flag::cd);
    if ((key.bits & key_cd) != 0) header.set(dns::flag::cd);
    if (kind == Kind::failure) header.records = {};
    header.write({message, dns::header_size});
}

void bound_ttls(Entry& entry, const Survey& found) {
    uint8_t* const message = entry.message();
    for (std::size_t i = 0; i < found.ttl_count; ++i) {
        uint8_t* const at = message + found.ttl_offsets[i];
        const uint32_t ttl = sane_ttl(dns::load_u32(at));
        dns::store_u32(at, std::clamp(ttl, found.record_low, found.record_high));
    }
    if (found.soa_ttl_offset != 0) dns::store_u32(message + found.soa_ttl_offset, found.soa_ttl);
}

void fill(
    Entry& entry,
    Bytes message,
    const Key& key,
    const Survey& found,
    Bytes options,
    uint64_t now_ns) {
    entry.stored_ns = now_ns;
    entry.ttl = found.ttl;
    entry.message_size = static_cast<uint16_t>(found.size);
    entry.ttl_count = static_cast<uint16_t>(found.ttl_count);
    entry.options_size = static_cast<uint16_t>(options.size());
    entry.kind = found.kind;

    std::memcpy(entry.message(), message.data(), found.size);
    std::memcpy(entry.message() + dns::header_size, key.name.data(), key.name.size());
    set_header(entry.message(), key, found.kind);
    bound_ttls(entry, found);
    std::memcpy(entry.ttl_offsets(), found.ttl_offsets.data(), 2 * found.ttl_count);
    if (!options.empty()) std::memcpy(entry.options(), options.data(), options.size());
}

// Writes the message as it is now. No TTL gets below 1: an entry ends with its smallest TTL.
void render(const Entry& entry, const Query& query, uint8_t* out) {
    std::memcpy(out, entry.message(), entry.message_size);
    if (const uint32_t age = entry.age(query->now_ns); age != 0) {
        const uint16_t* const offsets = entry.ttl_offsets();
        for (std::size_t i = 0; i < entry.ttl_count; ++i)
            dns::store_u32(out + offsets[i], dns::load_u32(out + offsets[i]) - age);
    }
    constexpr std::size_t ad_octet = 3;
    if (!query.has(LOOM_QUERY_DO | LOOM_QUERY_AD))
        out[ad_octet] = static_cast<uint8_t>(out[ad_octet] & ~dns::flag::ad);
}

}  // namespace

class Cache {
public:
    static constexpr Info info{
        .summary = "Answers from what passed before.",
        .roles = LOOM_ROLE_CACHE,
        .options = option_specs,
        .option_count = std::size(option_specs),
        .state_version = layout_version};

    /// What the hooks of one worker own besides its slice: room for what would not fit a stack.
    struct Worker {
        Worker(Cache& cache, uint32_t worker) : slice{*cache.slices_[worker]} {}

        Slice& slice;
        uint64_t insertions = 0;
        int64_t published_entries = 0;
        int64_t published_octets = 0;
        Survey survey;
        std::array<uint8_t, 1024> options;
    };

    Cache(const Host& host, const Options& options)
        : host_{host},
          limits_{read_limits(options)},
          region_size_{read_region_size(options, host.workers())},
          events_{static_cast<const loom_events_1*>(
              host.table().service(&host.table(), LOOM_SERVICE_EVENTS))},
          hits_success_{define_hits("success")},
          hits_denial_{define_hits("denial")},
          misses_{host.counter("dnsloom_cache_misses_total", "Questions without an answer here.")},
          evictions_{
              host.counter("dnsloom_cache_evictions_total", "Entries that made room for others.")},
          drops_{host.counter(
              "dnsloom_cache_drops_total", "Responses that did not match their question.")},
          entries_{host.gauge("dnsloom_cache_entries", "Entries, expired ones included.")},
          octets_{host.gauge("dnsloom_cache_bytes", "Octets that entries take.")} {
        for (uint32_t worker = 0; worker < host.workers(); ++worker)
            slices_.push_back(std::make_unique<Slice>(host));
    }

    void start() {
        for (const auto& slice : slices_) {
            if (slice->open(region_size_)) continue;
            throw ConfigError(fmt::format(
                "the system refuses {} KiB of memory: make capacity smaller", region_size_ >> 10U));
        }
        if (events_ != nullptr) events_->subscribe(&host_.table(), on_event, this, &subscription_);
    }
    void stop() {
        if (subscription_ != 0)
            events_->cancel(&host_.table(), std::exchange(subscription_, loom_handle{0}));
    }

    void prepare(Worker& worker, const loom_query& query) noexcept {
        worker.slice.store().prefetch(key_of(query).hash);
    }
    loom_verdict on_query(Worker& worker, Query& query);
    loom_verdict on_response(Worker& worker, Query& query) {
        keep(worker, query);
        return LOOM_NEXT;
    }

    loom_status export_state(int32_t phase, const loom_sink& sink);
    loom_status import_state(int32_t phase, uint32_t version, const loom_source& source);

private:
    Metric define_hits(std::string_view type) const {
        return host_.counter(
            "dnsloom_cache_hits_total", "Questions answered from the cache.", {{"type", type}});
    }

    loom_verdict serve(Entry& entry, Query& query) const;
    void keep(Worker& worker, Query& query);
    void note_changes(Worker& worker, uint32_t number, const Store::Tally& tally);
    void drop_previous_later(Slice& slice) const;
    static void on_event(void* self, const loom_event* event) noexcept;

    const Host& host_;
    const Limits limits_;
    const std::size_t region_size_;
    const loom_events_1* const events_;
    const Metric hits_success_, hits_denial_, misses_, evictions_, drops_, entries_, octets_;
    std::vector<std::unique_ptr<Slice>> slices_;  // By worker.
    std::atomic<int64_t> entry_count_ = 0;
    std::atomic<int64_t> octet_count_ = 0;
    loom_handle subscription_ = 0;
};

loom_verdict Cache::on_query(Worker& worker, Query& query) {
    if (!is_cacheable(query)) return LOOM_NEXT;
    Store::Tally tally;
    Entry* const entry = worker.slice.lookup(key_of(*query.raw()), *query.raw(), tally);
    if (tally.placed != 0) [[unlikely]]
        note_changes(worker, query->worker, tally);
    if (entry != nullptr) return serve(*entry, query);

    host_.add(query->worker, misses_);
    if (worker.slice.take_previous_done()) drop_previous_later(worker.slice);
    return LOOM_NEXT;
}

loom_verdict Cache::serve(Entry& entry, Query& query) const {
    auto response = query.response();
    // Before buffer(), which leaves room for them.
    if (entry.options_size != 0 && query.has(LOOM_QUERY_EDNS)) {
        const auto options = dns::EdnsOptions::check({entry.options(), entry.options_size});
        for (const auto& option : *options) response.option(option.code, option.data);
    }
    loom_status status = LOOM_OK;
    if (const auto room = response.buffer(); room.size() >= entry.message_size) {
        render(entry, query, room.data());
        status = response.commit(entry.message_size);
    } else {
        auto* const copy = static_cast<uint8_t*>(query.alloc(entry.message_size, 1));
        if (copy == nullptr) return LOOM_NEXT;
        render(entry, query, copy);
        status = response.set_wire({copy, entry.message_size});
    }
    if (status != LOOM_OK) return LOOM_NEXT;

    if (entry.hit == 0) entry.hit = 1;
    host_.add(query->worker, entry.kind == Kind::success ? hits_success_ : hits_denial_);
    return LOOM_ANSWERED;
}

void Cache::keep(Worker& worker, Query& query) {
    auto response = query.response();
    if (!is_cacheable(query) || !response.present()) return;
    if ((response.flags() & LOOM_FLAG_TC) != 0) return;
    if (!worker.slice.is_current(*query.raw())) return;
    const auto options = kept_options(response.options(), worker.options);
    if (!options) return;

    const Key key = key_of(*query.raw());
    const Bytes message = response.wire();
    const uint64_t now_s = host_.realtime_ns() / second_ns;
    Survey& found = worker.survey;
    const auto verdict =
        survey(message, key.name, key.type, response.rcode(), now_s, limits_, found);
    if (!verdict) {
        if (verdict.error() == Refusal::malformed) host_.add(query->worker, drops_);
        return;
    }
    if (found.kind == Kind::failure && worker.slice.has_answer(key, *query.raw())) return;

    Store::Tally tally;
    Store store = worker.slice.store();
    const std::size_t size = Entry::size_for(found.size, found.ttl_count, options->size());
    if (Entry* const entry = store.place(key, size, query->now_ns, tally)) {
        fill(*entry, message, key, found, *options, query->now_ns);
        store.note_ttl(found.ttl);
    }
    note_changes(worker, query->worker, tally);
}

// Keeps the metrics: the gauges now and then only, as all workers write the same cell.
void Cache::note_changes(Worker& worker, uint32_t number, const Store::Tally& tally) {
    if (tally.evicted != 0) host_.add(number, evictions_, tally.evicted);
    constexpr uint64_t seldom = 64;
    const Store store = worker.slice.store();
    if (++worker.insertions % seldom != 0 && store.entries() >= seldom) return;
    const auto entries = static_cast<int64_t>(store.entries());
    const auto octets = static_cast<int64_t>(store.used());
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

void Cache::on_event(void* self, const loom_event* event) noexcept {
    auto& cache = *static_cast<Cache*>(self);
    if (event->kind != LOOM_EVENT_ZONE_CHANGED && event->kind != LOOM_EVENT_NAME_CHANGED) return;
    const auto scope = event->kind == LOOM_EVENT_ZONE_CHANGED ? ChangeTable::Scope::subtree
                                                              : ChangeTable::Scope::name;
    const uint64_t hash = cache.host_.hash_name(view(event->name));
    const auto hear = [](void* slice) { static_cast<Slice*>(slice)->hear(); };
    for (uint32_t worker = 0; worker < cache.slices_.size(); ++worker) {
        Slice* const slice = cache.slices_[worker].get();
        slice->tell(scope, hash);
        cache.host_.loop_service()->post(&cache.host_.table(), worker, hear, slice);
    }
}

loom_status Cache::export_state(int32_t phase, const loom_sink& sink) {
    // The regions are shared, so nothing is left to tell at the end.
    if (phase != LOOM_STATE_WARM) return LOOM_OK;
    std::vector<RegionAddress> regions;
    for (const auto& slice : slices_) regions.push_back(slice->region().address());
    const auto octets = encode_handover(regions);
    return sink.write(sink.self, octets.data(), octets.size());
}

namespace {

std::expected<std::vector<uint8_t>, loom_status> read_all(const loom_source& source) {
    std::vector<uint8_t> octets(handover_size_max + 1);
    std::size_t size = 0;
    while (size < octets.size()) {
        const int64_t got = source.read(source.self, octets.data() + size, octets.size() - size);
        if (got < 0) return std::unexpected{static_cast<loom_status>(got)};
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size > handover_size_max) return std::unexpected{LOOM_E_LIMIT};
    octets.resize(size);
    return octets;
}

}  // namespace

loom_status Cache::import_state(int32_t phase, uint32_t, const loom_source& source) {
    if (phase != LOOM_STATE_WARM) return LOOM_OK;
    const auto octets = read_all(source);
    if (!octets) return octets.error();
    const auto addresses = decode_handover(*octets);
    if (!addresses) return LOOM_E_ARGUMENT;
    if (addresses->size() != slices_.size()) return LOOM_E_UNSUPPORTED;

    std::vector<Region> regions;
    for (const RegionAddress& address : *addresses) {
        auto region = Region::attach(address);
        if (!region) return LOOM_E_ARGUMENT;
        regions.push_back(std::move(*region));
    }
    const uint64_t until_ns =
        host_.monotonic_ns() +
        uint64_t{std::max(limits_.max_ttl, limits_.negative_max_ttl)} * second_ns;
    for (std::size_t worker = 0; worker < regions.size(); ++worker)
        slices_[worker]->inherit(std::move(regions[worker]), region_size_, until_ns);
    return LOOM_OK;
}

}  // namespace loom::cache

LOOM_PLUGIN(loom::cache::Cache, "cache", "1.0.0");
