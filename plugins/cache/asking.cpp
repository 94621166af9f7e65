// SPDX-License-Identifier: Apache-2.0
// The cache's part about asking: who asks, who waits, and what those get who waited.
#include "cache.hpp"

#include <dnsloom/dns/codes.hpp>

#include <utility>

namespace loom::cache {

bool Cache::wait(Worker&, Flight& flight, Query& query) {
    // Two that are asked on behalf of others could wait for each other.
    if (query.has(LOOM_QUERY_SUBQUERY)) return false;
    const loom_token token = query.suspend();
    if (token == 0) return false;
    Flights::wait(flight, query.scratch<Passage>(), token);
    host_.add(query->worker, waits_);
    return true;
}

loom_verdict
Cache::refresh_stale(Worker& worker, const Key& key, const Entry& entry, Query& query) {
    Flight* flight = worker.flights.find(key, query->now_ns);
    if (flight == nullptr) flight = ask_in_background(worker, key, query);
    const bool may_get_better = flight != nullptr && flight->asking;
    if (!settings_.stale_verifies || !may_get_better) return serve_stale(entry, query);
    if (!wait(worker, *flight, query)) return serve_stale(entry, query);
    if (flight->timer == 0) {
        host_.loop_service()->timer(
            &host_.table(),
            worker.number,
            settings_.stale_patience_ns,
            on_patience_over,
            flight,
            &flight->timer);
    }
    return LOOM_PENDING;
}

void Cache::prefetch(Worker& worker, const Key& key, const Entry& entry, Query& query) {
    if (entry.hit < settings_.prefetch) return;
    const uint64_t left = entry.ttl - entry.age(query->now_ns);
    if (left * 100 > uint64_t{entry.ttl} * settings_.prefetch_percentage && left > 1) return;
    if (worker.flights.find(key, query->now_ns) != nullptr) return;
    if (ask_in_background(worker, key, query) != nullptr) host_.add(query->worker, prefetches_);
}

Flight* Cache::ask_in_background(Worker& worker, const Key& key, Query& query) {
    Flight* const flight = worker.flights.open(key, query->now_ns);
    if (flight == nullptr) return nullptr;
    flight->in_background = true;
    flight->owner = &worker;
    query.question().set_flags(LOOM_QUERY_AD, LOOM_QUERY_AD);
    if (ask_->background(&host_.table(), query.raw(), on_landed, flight) == LOOM_OK) return flight;
    worker.flights.close(*flight);
    return nullptr;
}

void Cache::on_landed(void* arg, loom_query* child) noexcept {
    auto& flight = *static_cast<Flight*>(arg);
    auto& worker = *static_cast<Worker*>(flight.owner);
    Cache& cache = worker.cache;
    try {
        Query query{child, cache.host_};
        const bool kept = cache.keep(worker, {key_of(*child)}, query);
        cache.land(worker, flight, query, kept);
    } catch (const std::exception& e) {
        cache.host_.report_exception("background", e.what());
        cache.resume_all(flight, nullptr);
        worker.flights.close(flight);
    }
}

void Cache::land(Worker& worker, Flight& flight, Query& query, bool kept) {
    if (flight.timer != 0)
        host_.loop_service()->cancel(&host_.table(), std::exchange(flight.timer, loom_handle{0}));
    auto response = query.response();
    Landed* landed = nullptr;
    if (!kept && flight.first != nullptr && response.present()) {
        landed = worker.landed.emplace_back(std::make_unique<Landed>()).get();
        const Bytes message = response.wire();
        const Bytes options = response.options();
        landed->message.assign(message.begin(), message.end());
        landed->options.assign(options.begin(), options.end());
        landed->rcode = response.rcode();
    }
    resume_all(flight, landed);
    if (landed != nullptr && landed->left == 0) worker.landed.pop_back();
    // The next attempt at what could not be renewed is for later (RFC 8767 section 5).
    const bool rests = flight.in_background && !kept && settings_.stale_recheck_ns != 0;
    worker.flights.close(flight, rests ? query->now_ns + settings_.stale_recheck_ns : 0);
}

void Cache::resume_all(Flight& flight, Landed* landed) const {
    for (const loom_token token : Flights::take_waiting(flight))
        if (host_.resume(token, 0, landed) == LOOM_OK && landed != nullptr) ++landed->left;
}

// Those that wait get what is old; the answer may still come, for others.
void Cache::on_patience_over(void* arg) noexcept {
    auto& flight = *static_cast<Flight*>(arg);
    flight.timer = 0;
    static_cast<Worker*>(flight.owner)->cache.resume_all(flight, nullptr);
}

}  // namespace loom::cache
