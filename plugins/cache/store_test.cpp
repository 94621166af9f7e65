// SPDX-License-Identifier: Apache-2.0
#include "region.hpp"
#include "store.hpp"

#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/dns/wire.hpp>

#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

using namespace loom::cache;
using loom::dns::Name;

namespace {

constexpr std::uint64_t second = 1'000'000'000;

// Small, so that the log goes round soon.
struct Box {
    Region region = std::move(*Region::create(Region::size_min));
    Store store{*region.header()};
    Store::Tally tally;

    std::size_t entry_size = 0;

    Entry* put(const Key& key, std::size_t message_size = 200, std::uint64_t now = 1) {
        entry_size = Entry::size_for(message_size, 0, 0);
        Entry* const entry = store.place(key, entry_size, now, tally);
        if (entry == nullptr) return nullptr;
        entry->stored_ns = now;
        entry->ttl = 60;
        entry->message_size = static_cast<std::uint16_t>(message_size);
        entry->ttl_count = entry->options_size = 0;
        entry->kind = Kind::success;
        std::uint8_t* question = entry->message() + loom::dns::header_size;
        std::memcpy(question, key.name.data(), key.name.size());
        loom::dns::store_u16(question + key.name.size(), key.type);
        // Marks the rest, to see whether moving keeps it.
        const std::size_t used = loom::dns::header_size + key.name.size() + 4;
        std::memset(
            entry->message() + used, static_cast<int>(key.hash & 0xFF), message_size - used);
        return entry;
    }
    bool is_whole(const Key& key) const {
        const Entry* const entry = store.find(key);
        if (entry == nullptr) return false;
        return entry->message()[entry->message_size - 1] == (key.hash & 0xFF);
    }
};

// A key whose name is nN.example. and whose hash spreads like the host's.
struct NumberedKey {
    Name name;
    Key key;

    explicit NumberedKey(std::size_t number, std::uint16_t type = 1, std::uint8_t bits = 0)
        : name{*Name::from_text("n" + std::to_string(number) + ".example.")} {
        key = {key_hash(name.view().hash(7), type, bits), name.octets(), type, bits};
    }
    NumberedKey(const NumberedKey&) = delete;
    NumberedKey& operator=(const NumberedKey&) = delete;
    operator const Key&() const { return key; }
};

}  // namespace

TEST_CASE("cache/store: find: tells names, types and bits apart") {
    Box box;
    box.put(NumberedKey{1, 1, 0});

    CHECK(box.store.find(NumberedKey{1, 1, 0}) != nullptr);
    CHECK(box.store.find(NumberedKey{2, 1, 0}) == nullptr);
    CHECK(box.store.find(NumberedKey{1, 28, 0}) == nullptr);
    CHECK(box.store.find(NumberedKey{1, 1, key_do}) == nullptr);
    CHECK(box.store.find(NumberedKey{1, 1, key_cd}) == nullptr);
    CHECK(box.store.find(NumberedKey{1, 1, key_rd}) == nullptr);
}

TEST_CASE("cache/store: find: compares the whole key when hashes collide") {
    Box box;
    NumberedKey first{1};
    NumberedKey second_name{2};
    NumberedKey second_type{1, 28};
    NumberedKey second_bits{1, 1, key_do};
    for (NumberedKey* other : {&second_name, &second_type, &second_bits})
        other->key.hash = first.key.hash;

    box.put(first);

    CHECK(box.store.find(second_name) == nullptr);
    CHECK(box.store.find(second_type) == nullptr);
    CHECK(box.store.find(second_bits) == nullptr);
    box.put(second_name);
    CHECK(box.store.find(first) != nullptr);
    CHECK(box.store.find(second_name) != nullptr);
}

TEST_CASE("cache/store: place: a key with a full pair of buckets displaces the oldest there") {
    Box box;
    std::vector<std::unique_ptr<NumberedKey>> keys;
    for (std::size_t i = 0; i < 17; ++i) {
        keys.push_back(std::make_unique<NumberedKey>(i));
        keys.back()->key.hash = std::uint64_t{i + 1} << 48U;  // All in pair 0.
        box.put(*keys.back(), 64);
    }

    CHECK(box.tally.evicted == 1);
    CHECK(box.store.entries() == 16);
    CHECK(box.store.find(*keys[0]) == nullptr);
    for (std::size_t i = 1; i < 17; ++i) CHECK(box.is_whole(*keys[i]));
}

TEST_CASE("cache/store: place: an entry that was hit is the last to be displaced") {
    Box box;
    std::vector<std::unique_ptr<NumberedKey>> keys;
    for (std::size_t i = 0; i < 18; ++i) {
        keys.push_back(std::make_unique<NumberedKey>(i));
        keys.back()->key.hash = std::uint64_t{i + 1} << 48U;
        box.put(*keys.back(), 64);
        if (i == 0) box.store.find(*keys[0])->hit = 1;
    }

    CHECK(box.tally.evicted == 2);
    CHECK(box.is_whole(*keys[0]));
    CHECK(box.store.find(*keys[1]) == nullptr);
    CHECK(box.store.find(*keys[2]) == nullptr);
}

TEST_CASE("cache/store: place: the index grows with the entries and loses none") {
    constexpr std::size_t count = 3000;
    Box box;
    box.region = std::move(*Region::create(std::size_t{4} << 20U));
    box.store = Store{*box.region.header()};
    const std::size_t pairs_at_first = box.store.index_pairs();
    for (std::size_t i = 0; i < count; ++i) {
        box.put(NumberedKey{i}, 64);
        // Each is found at once, and so is an older one, at every size of the index.
        REQUIRE(box.is_whole(NumberedKey{i}));
        REQUIRE(box.is_whole(NumberedKey{i / 2}));
    }

    CHECK(box.tally.evicted == 0);
    CHECK(box.store.entries() == count);
    CHECK(box.store.index_pairs() > 8 * pairs_at_first);
    for (std::size_t i = 0; i < count; ++i) CHECK(box.is_whole(NumberedKey{i}));
}

TEST_CASE("cache/store: place: an entry that is put again stays one entry") {
    Box box;
    const NumberedKey key{1};

    box.put(key, 200);
    const std::size_t used = box.store.used();
    box.put(key, 190);
    CHECK(box.store.used() == used);  // In its place.
    box.put(key, 400);

    CHECK(box.store.entries() == 1);
    CHECK(box.store.find(key)->message_size == 400);
    CHECK(box.tally.evicted == 0);
}

TEST_CASE("cache/store: place: takes no entry over a quarter of the log") {
    Box box;
    CHECK(box.put(NumberedKey{1}, box.store.entry_size_max()) == nullptr);
    CHECK(box.store.entries() == 0);
    CHECK(box.put(NumberedKey{1}, box.store.entry_size_max() - sizeof(Entry)) != nullptr);
}

TEST_CASE("cache/store: place: the oldest make room when the log goes round") {
    Box box;
    const std::size_t fit = box.store.capacity() / Entry::size_for(200, 0, 0);

    for (std::size_t i = 0; i < fit; ++i) box.put(NumberedKey{i});
    const auto before = box.tally.evicted;
    box.put(NumberedKey{fit});
    box.put(NumberedKey{fit + 1});

    CHECK(before == 0);
    CHECK(box.tally.evicted == 2);
    CHECK(box.store.find(NumberedKey{0}) == nullptr);
    CHECK(box.store.find(NumberedKey{1}) == nullptr);
    CHECK(box.is_whole(NumberedKey{2}));
    CHECK(box.is_whole(NumberedKey{fit + 1}));
}

TEST_CASE("cache/store: place: an entry that was hit is moved to the front once") {
    Box box;
    const std::size_t fit = box.store.capacity() / Entry::size_for(200, 0, 0);
    const NumberedKey hot{1'000'000};
    box.put(hot);
    box.store.find(hot)->hit = 1;

    for (std::size_t i = 0; i < fit + fit / 2; ++i) box.put(NumberedKey{i});
    CHECK(box.is_whole(hot));
    CHECK(box.store.find(hot)->hit == 0);
    for (std::size_t i = 0; i < fit; ++i) box.put(NumberedKey{fit * 2 + i});
    CHECK(box.store.find(hot) == nullptr);
}

TEST_CASE("cache/store: place: an entry that was hit but has expired is not moved") {
    Box box;
    const std::size_t fit = box.store.capacity() / Entry::size_for(200, 0, 0);
    const NumberedKey hot{1'000'000};
    box.put(hot);
    box.store.find(hot)->hit = 1;

    for (std::size_t i = 0; i < fit + 1; ++i) box.put(NumberedKey{i}, 200, 61 * second);

    CHECK(box.store.find(hot) == nullptr);
}

TEST_CASE("cache/store: place: moves at most moves_max entries") {
    Box box;
    const std::size_t fit = box.store.capacity() / Entry::size_for(200, 0, 0);
    for (std::size_t i = 0; i < fit; ++i) box.put(NumberedKey{i})->hit = 1;

    box.put(NumberedKey{fit});

    CHECK(box.tally.evicted == 1);
    CHECK(box.store.find(NumberedKey{Store::moves_max}) == nullptr);
    for (std::size_t i = 0; i < Store::moves_max; ++i) CHECK(box.is_whole(NumberedKey{i}));
}

TEST_CASE(
    "cache/store: place: sizes of all kinds, far beyond the capacity, stay in bounds and whole") {
    Box box;
    std::uint64_t random = 1;
    const auto draw = [&](std::uint64_t below) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        return (random >> 33U) % below;
    };

    std::size_t wrong = 0;
    for (std::size_t i = 0; i < 200'000; ++i) {
        const NumberedKey key{draw(3000), static_cast<std::uint16_t>(1 + draw(3))};
        if (Entry* const known = box.store.find(key)) {
            if (!box.is_whole(key)) ++wrong;
            known->hit = 1;
            if (draw(4) != 0) continue;
        }
        box.put(key, 64 + draw(draw(50) == 0 ? 8000 : 300), 1 + i * 1'000'000);
        if (!box.is_whole(key)) ++wrong;
        if (box.store.used() > box.store.capacity()) ++wrong;
    }

    CHECK(wrong == 0);
    const auto& header = *box.region.header();
    CHECK(header.head <= header.log_end);
    CHECK(header.tail <= header.log_end);
    std::size_t found = 0;
    for (std::size_t i = 0; i < 3000; ++i)
        for (std::uint16_t type = 1; type <= 3; ++type)
            found += box.store.find(NumberedKey{i, type}) != nullptr ? 1 : 0;
    CHECK(found == box.store.entries());
    CHECK(found > 100);
}

TEST_CASE("cache/store: copy: an entry goes from one region to another") {
    Box from;
    Box to;
    const NumberedKey key{1};
    from.put(key)->hit = 1;

    Entry* const copy = to.store.copy(key, *from.store.find(key), 2, to.tally);

    REQUIRE(copy != nullptr);
    CHECK(copy->stored_ns == 1);
    CHECK(copy->hit == 0);
    CHECK(to.is_whole(key));
}

TEST_CASE("cache/store: change: more changes than the table holds make everything invalid") {
    Box box;
    box.store.note_ttl(1000);
    const std::vector<std::uint64_t> other{42};

    for (std::uint64_t i = 0; i < ChangeTable::records_max; ++i)
        box.store.change(ChangeTable::Scope::subtree, 1000 + i, 10 * second);
    const bool before = box.store.is_valid(10 * second, other);
    box.store.change(ChangeTable::Scope::subtree, 1, 10 * second);

    CHECK(before);
    CHECK_FALSE(box.store.is_valid(10 * second, other));
    CHECK(box.store.is_valid(10 * second + 1, other));
}

TEST_CASE("cache/store: change: old changes make room when no entry is from before them") {
    Box box;
    box.store.note_ttl(60);
    for (std::uint64_t i = 0; i < ChangeTable::records_max; ++i)
        box.store.change(ChangeTable::Scope::subtree, 1000 + i, 10 * second);

    box.store.change(ChangeTable::Scope::subtree, 1, 100 * second);

    CHECK(box.store.is_valid(100 * second, std::vector<std::uint64_t>{42}));
    CHECK_FALSE(box.store.is_valid(100 * second, std::vector<std::uint64_t>{1}));
}

TEST_CASE("cache/region: create: refuses sizes out of bounds") {
    CHECK_FALSE(Region::create(Region::size_min - 1));
    CHECK_FALSE(Region::create(Region::size_max + 4096));
    CHECK(Region::create(Region::size_min + 100)->size() == Region::size_min);
}
