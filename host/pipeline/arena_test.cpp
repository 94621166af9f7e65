// SPDX-License-Identifier: Apache-2.0
#include "arena.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <memory>

using loom::host::Arena;

namespace {

bool is_aligned(const void* at, std::size_t align) {
    return reinterpret_cast<std::uintptr_t>(at) % align == 0;
}

}  // namespace

TEST_CASE("host/arena: allocate: gives memory of the alignment asked for") {
    const auto arena = std::make_unique<Arena>();
    // Far enough to leave the block in place.
    for (int round = 0; round < 200; ++round) {
        for (const std::size_t align : {1U, 2U, 4U, 8U, 16U, 32U, 64U}) {
            void* at = arena->allocate(3, align);
            REQUIRE(at != nullptr);
            CHECK(is_aligned(at, align));
        }
    }
}

TEST_CASE("host/arena: allocate: pieces do not overlap") {
    const auto arena = std::make_unique<Arena>();
    std::vector<unsigned char*> pieces;
    for (unsigned i = 0; i < 100; ++i) {
        auto* piece = static_cast<unsigned char*>(arena->allocate(300, 8));
        REQUIRE(piece != nullptr);
        std::memset(piece, static_cast<int>(i), 300);
        pieces.push_back(piece);
    }
    for (unsigned i = 0; i < 100; ++i)
        for (const std::size_t at : {0U, 299U}) CHECK(pieces[i][at] == i);
}

TEST_CASE("host/arena: allocate: the largest message fits beside 64 KiB of pieces") {
    const auto arena = std::make_unique<Arena>();
    for (int i = 0; i < 64; ++i) REQUIRE(arena->allocate(1024, 1) != nullptr);
    CHECK(arena->allocate(65535, 1) != nullptr);
}

TEST_CASE("host/arena: allocate: one piece larger than the limit is refused") {
    const auto arena = std::make_unique<Arena>();
    CHECK(arena->allocate(Arena::limit + 1, 1) == nullptr);
    CHECK(arena->allocate(~std::size_t{0} - 100, 8) == nullptr);
    CHECK(arena->allocate(16, 8) != nullptr);
}

TEST_CASE("host/arena: allocate: many pieces end at the limit") {
    const auto arena = std::make_unique<Arena>();
    std::size_t taken = 0;
    while (arena->allocate(1000, 8) != nullptr) {
        taken += 1000;
        REQUIRE(taken <= 2 * Arena::limit);
    }
    CHECK(taken >= Arena::limit / 2);
}

TEST_CASE("host/arena: reset: gives the same block again") {
    const auto arena = std::make_unique<Arena>();
    const void* first = arena->allocate(64, 64);
    REQUIRE(arena->allocate(40000, 8) != nullptr);
    arena->reset();
    CHECK(arena->allocate(64, 64) == first);
}

TEST_CASE("host/arena: reset: the limit is whole again") {
    const auto arena = std::make_unique<Arena>();
    while (arena->allocate(8000, 8) != nullptr) {
    }
    arena->reset();
    CHECK(arena->allocate(100000, 8) != nullptr);
}
