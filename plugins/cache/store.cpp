// SPDX-License-Identifier: Apache-2.0
#include "store.hpp"

#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/wire.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace loom::cache {
namespace {

// A pair is split when there are more entries than this for each. Those not yet split have up to twice
// as many, and few of them shall be full.
constexpr std::uint32_t entries_per_pair = 3;

// Bit i is set if place i may hold the tag. Without branches, so that it becomes two vector
// compares.
unsigned places_with(const Bucket& bucket, std::uint32_t tag) {
    unsigned found = 0;
    for (unsigned i = 0; i < Bucket::places; ++i)
        found |= static_cast<unsigned>(bucket.tags[i] == tag) << i;
    return found;
}

// The name at the beginning of the question tells its own size, so equal octets are an equal name.
bool is_for(const Entry& entry, const Key& key) {
    if (entry.hash != key.hash || entry.key_bits != key.bits) return false;
    if (entry.message_size < dns::header_size + key.name.size() + 4) return false;
    const std::uint8_t* question = entry.message() + dns::header_size;
    return std::memcmp(question, key.name.data(), key.name.size()) == 0 &&
           dns::load_u16(question + key.name.size()) == key.type;
}

}  // namespace

std::optional<Store::Place> Store::locate(const Key& key) const {
    const std::uint32_t tag = tag_of(key.hash);
    for (Bucket& bucket : pair_of(key.hash)) {
        for (unsigned found = places_with(bucket, tag); found != 0; found &= found - 1) {
            const auto index = static_cast<std::size_t>(std::countr_zero(found));
            const std::uint32_t position = bucket.positions[index];
            if (position != 0 && is_for(*at(std::uint64_t{position} * log_unit), key))
                return Place{&bucket, index};
        }
    }
    return std::nullopt;
}

std::optional<Store::Place> Store::locate(std::uint64_t hash, std::uint64_t offset) const {
    const auto position = static_cast<std::uint32_t>(offset / log_unit);
    for (Bucket& bucket : pair_of(hash)) {
        for (std::size_t i = 0; i < Bucket::places; ++i)
            if (bucket.positions[i] == position) return Place{&bucket, i};
    }
    return std::nullopt;
}

Entry* Store::find(const Key& key) const {
    const auto place = locate(key);
    return place ? at(std::uint64_t{place->position()} * log_unit) : nullptr;
}

// How gladly a taken place of the index is given to another entry: the older the better, but all
// that were hit come last.
std::uint64_t Store::readiness(std::uint32_t position) const {
    const std::uint64_t offset = std::uint64_t{position} * log_unit;
    const std::uint64_t age =
        offset < header_->head ? header_->head - offset : header_->head + capacity() - offset;
    return at(offset)->hit == 0 ? age + (std::uint64_t{1} << 62U) : age;
}

Store::Place Store::readiest_place(std::uint64_t hash) const {
    Place best{};
    std::uint64_t best_readiness = 0;
    for (Bucket& bucket : pair_of(hash)) {
        for (std::size_t i = 0; i < Bucket::places; ++i) {
            const std::uint64_t ready = readiness(bucket.positions[i]);
            if (ready <= best_readiness) continue;
            best = {&bucket, i};
            best_readiness = ready;
        }
    }
    return best;
}

// Returns how many entries had to make place: 0 or 1.
std::uint64_t Store::link(std::uint64_t hash, std::uint64_t offset) {
    const auto free = locate(hash, 0);
    const Place place = free ? *free : readiest_place(hash);
    place.bucket->tags[place.index] = tag_of(hash);
    place.position() = static_cast<std::uint32_t>(offset / log_unit);
    if (!free) return 1;
    ++header_->entries;
    return 0;
}

void Store::unlink(Place place) {
    place.position() = 0;
    --header_->entries;
}

// Moves one half of the next pair in order to a new one at the end (W. Litwin, Linear Hashing, 1980).
void Store::grow_index() {
    if (header_->entries <= header_->pairs * entries_per_pair) return;
    if (header_->pairs == header_->pairs_max) return;
    const std::uint32_t made = header_->pairs++;
    if (made > header_->pair_mask) header_->pair_mask = 2 * header_->pair_mask + 1;
    const std::uint32_t split = made & header_->pair_mask >> 1U;
    for (std::size_t side = 0; side < 2; ++side) {
        Bucket& from = pairs()[split][side];
        Bucket& to = pairs()[made][side];
        for (std::size_t i = 0; i < Bucket::places; ++i) {
            if ((from.tags[i] & header_->pair_mask) != made || from.positions[i] == 0) continue;
            to.tags[i] = from.tags[i];
            to.positions[i] = std::exchange(from.positions[i], 0);
        }
    }
}

Entry* Store::place(const Key& key, std::size_t size, std::uint64_t now_ns, Tally& tally) {
    if (size > entry_size_max()) return nullptr;
    ++tally.placed;
    if (const auto known = locate(key)) {
        Entry* const old = at(std::uint64_t{known->position()} * log_unit);
        // A renewed answer mostly has the size of the last: short TTLs shall not fill the log.
        if (old->size() >= size && old->size() <= 2 * size) return old;
        unlink(*known);
    }
    tally.evicted += make_room(size, now_ns);
    grow_index();
    Entry* const entry = at(header_->head);
    entry->hash = key.hash;
    entry->units = static_cast<std::uint16_t>(size / log_unit);
    entry->key_bits = key.bits;
    entry->hit = 0;
    tally.evicted += link(key.hash, header_->head);
    header_->head += size;
    ++header_->records;
    return entry;
}

Entry* Store::copy(const Key& key, const Entry& entry, std::uint64_t now_ns, Tally& tally) {
    const std::size_t size =
        Entry::size_for(entry.message_size, entry.ttl_count, entry.options_size);
    Entry* const made = place(key, size, now_ns, tally);
    if (made == nullptr) return nullptr;
    const std::uint16_t units = made->units;
    std::memcpy(made, &entry, size);
    made->units = units;
    made->hit = 0;
    note_ttl(entry.ttl);
    return made;
}

// The log holds entries from tail to head, or, once it went round, from tail to wrap_at and from
// log_begin to head. Free is what lies between head and tail, or head and log_end.
std::uint64_t Store::make_room(std::size_t size, std::uint64_t now_ns) {
    unsigned moves_left = moves_max;
    std::uint64_t evicted = 0;
    while (header_->records != 0) {
        if (is_wrapped()) {
            if (header_->tail - header_->head >= size) return evicted;
            evicted += retire_oldest(now_ns, moves_left) ? 1 : 0;
        } else {
            if (header_->log_end - header_->head >= size) return evicted;
            header_->wrap_at = header_->head;
            header_->head = header_->log_begin;
        }
    }
    header_->head = header_->tail = header_->log_begin;
    return evicted;
}

// Takes the oldest entry off the log. True if it is lost, false if it was moved to the front or if
// the index had forgotten it before.
bool Store::retire_oldest(std::uint64_t now_ns, unsigned& moves_left) {
    Entry* const oldest = at(header_->tail);
    const std::size_t size = oldest->size();
    const auto place = locate(oldest->hash, header_->tail);
    header_->tail += size;
    if (header_->tail == header_->wrap_at) header_->tail = header_->log_begin;
    if (!place) {
        --header_->records;
        return false;
    }
    if (oldest->hit == 0 || moves_left == 0 || !oldest->is_fresh(now_ns)) {
        --header_->records;
        unlink(*place);
        return true;
    }
    // The head is at or before where the entry stands, so there is room; they may overlap.
    Entry* const moved = at(header_->head);
    std::memmove(static_cast<void*>(moved), oldest, size);
    moved->hit = 0;
    place->position() = static_cast<std::uint32_t>(header_->head / log_unit);
    header_->head += size;
    --moves_left;
    return false;
}

void Store::change(ChangeTable::Scope scope, std::uint64_t name_hash, std::uint64_t now_ns) {
    // A change that is older than the longest TTL has nothing left to make invalid.
    const std::uint64_t life_ns = std::uint64_t{header_->ttl_max} * 1'000'000'000U;
    const std::uint64_t forget_before_ns = now_ns > life_ns ? now_ns - life_ns : 0;
    if (!header_->changes.add(scope, name_hash, now_ns, forget_before_ns)) flush(now_ns);
}

void Store::flush(std::uint64_t now_ns) {
    header_->valid_from_ns = now_ns + 1;
    header_->changes.clear();
}

std::size_t Store::used() const {
    if (header_->records == 0) return 0;
    if (!is_wrapped()) return header_->head - header_->tail;
    return header_->wrap_at - header_->tail + header_->head - header_->log_begin;
}

}  // namespace loom::cache
