// SPDX-License-Identifier: Apache-2.0
#include "in_flight.hpp"

#include <doctest/doctest.h>

#include <memory>

using loom::loop::InFlight;
using Entry = InFlight::Entry;

namespace {

constexpr std::uint64_t question = 0x1234'5678'9abc'def0U;
// On the same place, but another one.
constexpr std::uint64_t neighbour = question ^ 0x1'0000'0000U;

struct Table {
    std::unique_ptr<InFlight> all = std::make_unique<InFlight>();
    InFlight::Ticket ticket{};
    Entry enter(std::uint64_t hash, std::uint32_t now, std::uint32_t until) {
        return all->enter(hash, now, until, ticket);
    }
};

}  // namespace

TEST_CASE("plugin/loop: in_flight: a question is known until it leaves") {
    Table table;
    CHECK(table.enter(question, 1, 5) == Entry::noted);
    const auto first = table.ticket;
    CHECK(table.enter(question, 2, 6) == Entry::again);
    table.all->leave(first);
    CHECK(table.enter(question, 2, 6) == Entry::noted);
}

TEST_CASE("plugin/loop: in_flight: a note ends by itself") {
    Table table;
    CHECK(table.enter(question, 1, 5) == Entry::noted);
    const auto old = table.ticket;
    CHECK(table.enter(question, 5, 9) == Entry::again);
    CHECK(table.enter(question, 6, 10) == Entry::noted);
    // The old one's answer comes late: it ends nobody else's note.
    table.all->leave(old);
    CHECK(table.enter(question, 7, 11) == Entry::again);
}

TEST_CASE("plugin/loop: in_flight: another question on the same place is not noted") {
    Table table;
    CHECK(table.enter(question, 1, 5) == Entry::noted);
    CHECK(table.enter(neighbour, 1, 5) == Entry::no_room);
    CHECK(table.enter(neighbour, 6, 9) == Entry::noted);
}
