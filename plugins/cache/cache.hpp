// SPDX-License-Identifier: Apache-2.0
// Answers questions from what passed before, for as long as the TTLs allow.
//
// A hit is one lookup in the memory of the query's own worker, a copy into the send buffer and a
// subtraction for each TTL: no lock, no allocation, no system call. See README.md for the rules,
// store.hpp for the memory, slice.hpp for how it passes from one build of this plugin to the next,
// flights.hpp for questions that several clients wait for.
#pragma once

#include "flights.hpp"
#include "options.hpp"
#include "pool.hpp"
#include "rendering.hpp"
#include "settings.hpp"

#include <dnsloom/abi/service/ask.h>
#include <dnsloom/plugin.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loom::cache {

struct SavedAnswer;

/// `bits` besides those of the query's flags.
Key key_of(const loom_query& query, std::uint8_t bits = 0);

/// What a query is about, for the cache.
struct Subject {
    Key key;
    /// Of a query with one. Then `key` is that of an answer that is good for all, or of a ScopeList.
    std::optional<ClientSubnet> subnet = std::nullopt;

    /// Where the client is: what it told, or its address.
    ClientSubnet network(const loom_query& query) const {
        return subnet ? *subnet : ClientSubnet::of(query.client->ip);
    }
    /// What sets questions apart that are under way.
    Key flight_key() const { return subnet ? key_for(*subnet) : key; }
    /// Of answers for a network.
    Key key_for(const ClientSubnet& network) const {
        Key made = key;
        made.hash ^= network.hash();
        return made;
    }
};

/// An answer that could not be kept, for those who waited for it. One worker's.
struct Landed {
    std::size_t left = 0;  ///< Queries that have yet to take it.
    std::uint16_t rcode = 0;
    std::vector<std::uint8_t> message;
    std::vector<std::uint8_t> options;  ///< As in OPT's RDATA.
};

class Cache {
public:
    static constexpr Info info{
        .summary = "Answers from what passed before.",
        .roles = LOOM_ROLE_CACHE,
        .options = option_specs,
        .option_count = std::size(option_specs),
        .state_version = layout_version,
        .scratch_size = sizeof(Passage)};

    /// What the hooks of one worker own besides its slice: room for what would not fit a stack.
    struct Worker {
        Worker(Cache& of, uint32_t worker)
            : cache{of},
              number{worker},
              slice{*of.slices_[worker]},
              denials{
                  of.settings_.denial_size != 0 ? of.slices_[of.host_.workers() + worker].get()
                                                : nullptr} {}

        /// Where what is of that kind goes.
        Slice& slice_for(Kind kind) {
            return denials != nullptr && (kind == Kind::denial || kind == Kind::failure) ? *denials
                                                                                         : slice;
        }
        Entry* lookup(const Key& key, const loom_query& query, Store::Tally& tally) {
            Entry* const entry = slice.lookup(key, query, tally);
            if (entry != nullptr || denials == nullptr) return entry;
            return denials->lookup(key, query, tally);
        }
        /// Of two the one that is not as old.
        const Entry* stale(const Key& key, const loom_query& query, std::uint32_t seconds) const {
            const Entry* const entry = slice.stale(key, query, seconds);
            const Entry* const denial =
                denials != nullptr ? denials->stale(key, query, seconds) : nullptr;
            if (entry == nullptr || denial == nullptr) return entry != nullptr ? entry : denial;
            return entry->stored_ns >= denial->stored_ns ? entry : denial;
        }

        Cache& cache;
        const uint32_t number;
        Slice& slice;
        Slice* const denials;  ///< Null where denials have no memory of their own.
        Flights flights;
        std::vector<std::unique_ptr<Landed>> landed;
        uint64_t insertions = 0;
        int64_t published_entries = 0;
        int64_t published_octets = 0;
        Survey survey;
        std::array<uint8_t, 1024> options;
    };

    Cache(const Host& host, const Options& options);

    void start();
    void stop();

    void prepare(Worker& worker, const loom_query& query) noexcept;
    loom_verdict on_query(Worker& worker, Query& query);
    loom_verdict on_resume(Worker& worker, Query& query, int32_t reason, void* arg);
    void on_cancel(Worker& worker, Query& query, loom_token token);
    loom_verdict on_response(Worker& worker, Query& query);

    loom_status export_state(int32_t phase, const loom_sink& sink);
    loom_status import_state(int32_t phase, uint32_t version, const loom_source& source);

private:
    Metric define_hits(std::string_view type) const;

    /// Of a slice, by its number.
    std::size_t size_of(std::size_t slice) const {
        return slice < host_.workers() ? settings_.region_size : settings_.denial_size;
    }

    // Serving.
    Entry* lookup(Worker& worker, const Subject& subject, const Query& query);
    loom_verdict serve(Entry& entry, const Subject& subject, Query& query) const;
    loom_verdict serve_stale(const Entry& entry, Query& query) const;
    bool
    write(const Entry& entry, const ClientSubnet* subnet, Query& query, const Aging& aging) const;
    static bool give(Landed& landed, const Subject& subject, Query& query);

    // Keeping.
    bool keep(Worker& worker, const Subject& subject, Query& query);
    bool note_scope(
        Worker& worker,
        const Key& key,
        const ClientSubnet& network,
        std::uint32_t ttl,
        std::uint64_t now_ns);
    void note_changes(Worker& worker, const Store::Tally& tally);

    // Asking.
    loom_verdict miss(Worker& worker, const Subject& subject, Query& query);
    loom_verdict refresh_stale(Worker& worker, const Key& key, const Entry& entry, Query& query);
    void prefetch(Worker& worker, const Key& key, const Entry& entry, Query& query);
    Flight* ask_in_background(Worker& worker, const Key& key, Query& query);
    bool wait(Worker& worker, Flight& flight, Query& query);
    void land(Worker& worker, Flight& flight, Query& query, bool kept);
    void resume_all(Flight& flight, Landed* landed) const;
    static void on_landed(void* flight, loom_query* child) noexcept;
    static void on_patience_over(void* flight) noexcept;

    // The file.
    void save() const;
    void load();
    bool take(const SavedAnswer& answer, Survey& found);

    // Commands. A job belongs to the control thread but while a worker does its part.
    struct Job {
        Job(Cache& of, const CommandReply& to) : cache{of}, reply{to} {}
        Cache& cache;
        CommandReply reply;
        std::atomic<uint32_t> workers_left = 0;  ///< Of a flush.
        uint32_t slice = 0;                      ///< Of a dump: which is read now ...
        std::size_t pair = 0;                    ///< ... from which pair of its index on ...
        bool is_read = false;                    ///< ... whether that was the last ...
        std::string text;                        ///< ... and what was found.
    };
    void flush(std::span<const std::string_view> words, const CommandReply& reply);
    void dump(std::span<const std::string_view> words, const CommandReply& reply);
    void post(uint32_t where, void (*function)(void*), Job& job) const;
    void end(Job& job, bool ok);
    static void read_on(void* job) noexcept;
    static void tell_more(void* job) noexcept;

    /// What a worker needs to hear of changes.
    struct Ear {
        const Host* host;
        Slice* slice;
    };
    /// Has a slice's worker apply what its slice was told.
    void tell_worker(std::size_t slice) const;
    void drop_previous_later(Slice& slice) const;
    static void on_event(void* self, const loom_event* event) noexcept;

    const Host& host_;
    const Settings settings_;
    const loom_events_1* const events_;
    const loom_ask_1* const ask_;
    const Metric hits_success_, hits_denial_, misses_, waits_, prefetches_, stale_, evictions_,
        drops_, entries_, octets_;
    const std::shared_ptr<Pool> pool_;
    const std::vector<std::unique_ptr<Slice>>& slices_;  // The pool's.
    std::vector<Ear> ears_;                              // By slice.
    std::atomic<int64_t> entry_count_ = 0;
    std::atomic<int64_t> octet_count_ = 0;
    loom_handle subscription_ = 0;
    std::list<Job> jobs_;
    Command flush_;
    Command dump_;
};

}  // namespace loom::cache
