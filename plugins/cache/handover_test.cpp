// SPDX-License-Identifier: Apache-2.0
#include "handover.hpp"

#include <doctest/doctest.h>

#include <sys/mman.h>

using namespace loom::cache;

TEST_CASE("cache/handover: decode: gives what was encoded") {
    const std::vector<RegionAddress> regions{{4096, 65536, 1}, {8192, 65536, 2}};

    const auto back = decode_handover(encode_handover(regions));

    REQUIRE(back);
    REQUIRE(back->size() == 2);
    CHECK(back->at(1).address == 8192);
    CHECK(back->at(1).nonce == 2);
}

TEST_CASE("cache/handover: decode: refuses each octet that differs, and each size") {
    const std::vector<RegionAddress> regions{{4096, 65536, 1}};
    const auto good = encode_handover(regions);

    for (std::size_t i = 0; i < good.size(); ++i) {
        auto bad = good;
        bad[i] ^= 1;
        CHECK_FALSE(decode_handover(bad));
        CHECK_FALSE(decode_handover(std::span{good}.first(i)));
    }
    auto longer = good;
    longer.push_back(0);
    CHECK_FALSE(decode_handover(longer));
}

TEST_CASE("cache/region: attach: shares the memory until the last one goes") {
    auto first = Region::create(Region::size_min);
    REQUIRE(first);
    const auto where = first->address();

    auto second = Region::attach(where);
    REQUIRE(second);
    first.reset();
    CHECK(second->header()->references == 1);
    CHECK(second->header()->size == Region::size_min);

    second.reset();
    CHECK_FALSE(Region::attach(where));
}

TEST_CASE("cache/region: attach: refuses what is not a region, without a fault") {
    auto region = Region::create(Region::size_min);
    auto where = region->address();
    void* const foreign = mmap(nullptr, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(foreign != MAP_FAILED);
    const auto at = [&](std::uint64_t address) {
        return RegionAddress{address, where.size, where.nonce};
    };

    CHECK_FALSE(Region::attach(at(0)));
    CHECK_FALSE(Region::attach(at(where.address + 64)));
    CHECK_FALSE(Region::attach(at(where.address + 4096)));
    CHECK_FALSE(Region::attach(at(reinterpret_cast<std::uint64_t>(foreign))));
    CHECK_FALSE(Region::attach(at(0xFFFF'8000'0000'0000)));
    CHECK_FALSE(Region::attach({where.address, where.size + 4096, where.nonce}));
    CHECK_FALSE(Region::attach({where.address, where.size, where.nonce + 1}));
    region->header()->layout = layout_version + 1;
    CHECK_FALSE(Region::attach(where));

    CHECK(region->header()->references == 1);
    munmap(foreign, 65536);
}
