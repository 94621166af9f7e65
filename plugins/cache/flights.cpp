// SPDX-License-Identifier: Apache-2.0
#include "flights.hpp"

#include <algorithm>

namespace loom::cache {

bool Flight::is_for(const Key& key) const {
    return hash == key.hash && type == key.type && bits == key.bits &&
           std::ranges::equal(std::span{name}.first(name_size), key.name);
}

Flight* Flights::find(const Key& key, std::uint64_t now_ns) {
    for (Flight* flight = chain_of(key.hash); flight != nullptr; flight = flight->next) {
        if (!flight->is_for(key)) continue;
        const bool lost =
            flight->asking && !flight->in_background && now_ns > flight->since_ns + time_max_ns;
        const bool rested = !flight->asking && now_ns >= flight->rests_until_ns;
        // Those that wait for a lost one have deadlines of their own.
        if (!lost && !rested) return flight;
        if (flight->first == nullptr) close(*flight);
        return nullptr;
    }
    return nullptr;
}

Flight* Flights::open(const Key& key, std::uint64_t now_ns) {
    Flight* flight = chain_of(key.hash);
    while (flight != nullptr && !flight->is_for(key)) flight = flight->next;
    if (flight != nullptr && flight->asking) return nullptr;
    if (flight == nullptr) {
        flight = take_free();
        if (flight == nullptr) {
            drop_resting(now_ns);
            flight = take_free();
        }
        if (flight == nullptr) return nullptr;
        flight->hash = key.hash;
        flight->type = key.type;
        flight->bits = key.bits;
        flight->name_size = static_cast<std::uint8_t>(key.name.size());
        std::ranges::copy(key.name, flight->name.begin());
        flight->next = chain_of(key.hash);
        chain_of(key.hash) = flight;
    }
    flight->since_ns = now_ns;
    flight->rests_until_ns = 0;
    flight->number = ++last_number_;
    flight->asking = true;
    flight->in_background = false;
    flight->timer = 0;
    return flight;
}

void Flights::wait(Flight& flight, Passage& passage, loom_token token) {
    passage.token = token;
    passage.waits_for = &flight;
    passage.before = flight.last;
    passage.behind = nullptr;
    (flight.last != nullptr ? flight.last->behind : flight.first) = &passage;
    flight.last = &passage;
}

void Flights::leave(Passage& passage) {
    Flight* const flight = passage.waits_for;
    if (flight == nullptr) return;
    (passage.before != nullptr ? passage.before->behind : flight->first) = passage.behind;
    (passage.behind != nullptr ? passage.behind->before : flight->last) = passage.before;
    passage.waits_for = nullptr;
}

std::vector<loom_token> Flights::take_waiting(Flight& flight) {
    std::vector<loom_token> tokens;
    for (Passage* passage = flight.first; passage != nullptr; passage = passage->behind) {
        tokens.push_back(passage->token);
        passage->waits_for = nullptr;
    }
    flight.first = flight.last = nullptr;
    return tokens;
}

void Flights::close(Flight& flight, std::uint64_t rests_until_ns) {
    flight.asking = false;
    flight.rests_until_ns = rests_until_ns;
    if (rests_until_ns != 0) return;
    unlink(flight);
    flight.next = free_;
    free_ = &flight;
}

Flight* Flights::take_free() {
    if (Flight* const flight = free_; flight != nullptr) {
        free_ = flight->next;
        return flight;
    }
    if (flights_.size() == flights_max) return nullptr;
    return &flights_.emplace_back();
}

// Rests are a courtesy to upstreams: when there is no room they go, those first whose time is over.
void Flights::drop_resting(std::uint64_t now_ns) {
    std::size_t dropped = 0;
    for (Flight& flight : flights_) {
        if (flight.asking || flight.rests_until_ns == 0 || flight.rests_until_ns > now_ns) continue;
        close(flight);
        ++dropped;
    }
    if (dropped != 0) return;
    for (Flight& flight : flights_)
        if (!flight.asking && flight.rests_until_ns != 0) close(flight);
}

void Flights::unlink(Flight& flight) {
    Flight** at = &chain_of(flight.hash);
    while (*at != &flight) at = &(*at)->next;
    *at = flight.next;
}

}  // namespace loom::cache
