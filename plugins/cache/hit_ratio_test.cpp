// SPDX-License-Identifier: Apache-2.0
// Whether what stays in a full store is what will be asked for.
#include "region.hpp"
#include "store.hpp"

#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/dns/wire.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <list>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

using namespace loom::cache;
using loom::dns::Name;

namespace {

/// Numbers in the order of Zipf's law: n is drawn with a probability of n to the power of -skew.
class Zipf {
public:
    Zipf(std::size_t count, double skew) {
        double sum = 0;
        for (std::size_t n = 1; n <= count; ++n)
            sums_.push_back(sum += 1 / std::pow(static_cast<double>(n), skew));
    }
    std::size_t draw() {
        const double at = std::uniform_real_distribution{0.0, sums_.back()}(random_);
        return static_cast<std::size_t>(std::ranges::lower_bound(sums_, at) - sums_.begin());
    }

private:
    std::vector<double> sums_;
    std::mt19937 random_{42};
};

/// The least recently used one goes.
class Lru {
public:
    explicit Lru(std::size_t entries) : entries_{entries} {}
    bool hit(std::size_t number) {
        const auto found = places_.find(number);
        const bool known = found != places_.end();
        if (known) order_.erase(found->second);
        order_.push_front(number);
        places_[number] = order_.begin();
        if (order_.size() > entries_) {
            places_.erase(order_.back());
            order_.pop_back();
        }
        return known;
    }

private:
    const std::size_t entries_;
    std::list<std::size_t> order_;
    std::unordered_map<std::size_t, std::list<std::size_t>::iterator> places_;
};

class Cache {
public:
    bool hit(std::size_t number) {
        const Name name = *Name::from_text("n" + std::to_string(number) + ".example.");
        const Key key{key_hash(name.view().hash(7), 1, 0), name.octets(), 1, 0};
        if (Entry* const entry = store.find(key); entry != nullptr) {
            entry->hit = 1;
            return true;
        }
        const std::size_t message_size = 64;
        Entry* const entry = store.place(key, Entry::size_for(message_size, 1, 0), 1, tally);
        REQUIRE(entry != nullptr);
        entry->stored_ns = 1;
        entry->ttl = 60;
        entry->message_size = message_size;
        entry->ttl_count = 1;
        entry->options_size = 0;
        entry->kind = Kind::success;
        std::uint8_t* const question = entry->message() + loom::dns::header_size;
        std::memcpy(question, key.name.data(), key.name.size());
        loom::dns::store_u16(question + key.name.size(), key.type);
        return false;
    }

    Region region = std::move(*Region::create(std::size_t{1} << 20U));
    Store store{*region.header()};
    Store::Tally tally;
};

}  // namespace

TEST_CASE("plugin/cache/store: full: keeps more of what is asked for than LRU would") {
    constexpr std::size_t names = 100'000, warm_up = 200'000, draws = 400'000;
    for (const double scans : {0.0, 0.3}) {
        CAPTURE(scans);
        Cache cache;
        std::size_t cache_hits = 0;
        std::vector<std::size_t> trace;
        Zipf zipf{names, 0.9};
        std::mt19937 random{7};
        std::bernoulli_distribution is_scan{scans};
        std::size_t scanned = names;
        for (std::size_t i = 0; i < draws; ++i)
            trace.push_back(is_scan(random) ? scanned++ : zipf.draw());
        for (std::size_t i = 0; i < draws; ++i) {
            const bool hit = cache.hit(trace[i]);
            if (i >= warm_up) cache_hits += hit ? 1 : 0;
        }
        Lru lru{cache.store.entries()};
        std::size_t lru_hits = 0;
        for (std::size_t i = 0; i < draws; ++i) {
            const bool hit = lru.hit(trace[i]);
            if (i >= warm_up) lru_hits += hit ? 1 : 0;
        }
        CHECK(cache_hits >= lru_hits);
    }
}
