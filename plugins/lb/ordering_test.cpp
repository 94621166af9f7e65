// SPDX-License-Identifier: Apache-2.0
#include "ordering.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

namespace {

using loom::dns::IpAddress;
using loom::lb::Ordering;
using loom::lb::Random;

IpAddress address(std::uint64_t number) { return {0x20010db8U, number}; }

std::vector<unsigned> order(const Ordering& ordering) {
    return {ordering.order().begin(), ordering.order().end()};
}

std::span<Ordering::Item> fill(Ordering& ordering, std::size_t count) {
    ordering.begin(count);
    const auto items = ordering.fill();
    for (std::size_t i = 0; i < count; ++i) items[i].address = address(i);
    return items;
}

// How often each is first in 1000 tries of `act`.
template <class F>
std::map<unsigned, unsigned> firsts(Ordering& ordering, F&& act) {
    std::map<unsigned, unsigned> count;
    for (unsigned i = 0; i < 1000; ++i) {
        act(i);
        ++count[order(ordering).front()];
    }
    return count;
}

struct Fixture {
    std::unique_ptr<Ordering> room = std::make_unique<Ordering>();
    Ordering& ordering = *room;
    Random random{1};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "plugin/lb/ordering: shuffle: every order is as likely") {
    std::map<std::vector<unsigned>, unsigned> seen;
    for (unsigned i = 0; i < 6000; ++i) {
        fill(ordering, 3);
        ordering.shuffle(random);
        ++seen[order(ordering)];
    }

    REQUIRE(seen.size() == 6);
    for (const auto& [_, count] : seen) CHECK((count > 850 && count < 1150));
}

TEST_CASE_FIXTURE(
    Fixture, "plugin/lb/ordering: choose_first: goes by weight and keeps the others") {
    const auto count = firsts(ordering, [&](unsigned) {
        const auto items = fill(ordering, 3);
        items[0].weight = 1;
        items[1].weight = 8;
        items[2].weight = 1;
        ordering.choose_first(random);
    });

    CHECK((count.at(1) > 750 && count.at(1) < 850));
    CHECK((count.at(0) > 60 && count.at(0) < 140));
    fill(ordering, 3)[2].weight = 255;
    while (order(ordering).front() != 2) {
        fill(ordering, 3)[2].weight = 255;
        ordering.choose_first(random);
    }
    CHECK(order(ordering) == std::vector<unsigned>{2, 0, 1});
}

TEST_CASE_FIXTURE(Fixture, "plugin/lb/ordering: choose_first: takes none of a worse rank") {
    const auto count = firsts(ordering, [&](unsigned) {
        const auto items = fill(ordering, 3);
        items[1].weight = 255;
        items[1].rank = 1;
        ordering.choose_first(random);
        ordering.sort_by_rank();
    });

    CHECK_FALSE(count.contains(1));
    CHECK((count.at(0) > 400 && count.at(0) < 600));
}

TEST_CASE_FIXTURE(
    Fixture, "plugin/lb/ordering: stick: is the same for one client, whatever came in") {
    fill(ordering, 4);
    ordering.stick(address(77));
    const auto first = order(ordering);

    const auto items = fill(ordering, 4);
    std::ranges::reverse(items);
    ordering.stick(address(77));
    auto second = order(ordering);
    for (unsigned& place : second) place = 3 - place;

    CHECK(first == second);
}

TEST_CASE_FIXTURE(Fixture, "plugin/lb/ordering: stick: spreads clients evenly, or by weight") {
    const auto even = firsts(ordering, [&](unsigned client) {
        fill(ordering, 2);
        ordering.stick(address(client));
    });
    const auto weighted = firsts(ordering, [&](unsigned client) {
        fill(ordering, 2)[1].weight = 4;
        ordering.stick(address(client));
    });

    CHECK((even.at(0) > 400 && even.at(0) < 600));
    CHECK((weighted.at(1) > 740 && weighted.at(1) < 860));
}

TEST_CASE_FIXTURE(
    Fixture, "plugin/lb/ordering: stick: one address less moves only its own clients") {
    for (unsigned client = 0; client < 200; ++client) {
        fill(ordering, 3);
        ordering.stick(address(client));
        auto three = order(ordering);
        fill(ordering, 2);
        ordering.stick(address(client));
        std::erase(three, 2U);
        CHECK(three == order(ordering));
    }
}

TEST_CASE("plugin/lb/ordering: sticky_hash: stays what it is, so that servers agree") {
    CHECK(loom::lb::sticky_hash({1, 2}, {3, 4}) == 0xe201707caa83543cU);
}

TEST_CASE_FIXTURE(Fixture, "plugin/lb/ordering: sort_by_rank: is stable") {
    const auto items = fill(ordering, 5);
    items[0].rank = 7;
    items[2].rank = 7;
    items[3].rank = 1;
    ordering.sort_by_rank();

    CHECK(order(ordering) == std::vector<unsigned>{1, 4, 3, 0, 2});
}
