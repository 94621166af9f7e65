// SPDX-License-Identifier: Apache-2.0
#include "suspension.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

using namespace loom::host;

namespace {

constexpr std::uint32_t worker = 5;
constexpr std::uint32_t limit = 3;

std::unique_ptr<Exchange> query() {
    auto e = std::make_unique<Exchange>();
    reset_exchange(*e);
    e->stage = 2;
    return e;
}

}  // namespace

TEST_CASE("host/suspension: due: the deadline, or the plugin's own time if that is sooner") {
    CHECK(suspension_due(100, 1000, 0) == 1000);
    CHECK(suspension_due(100, 1000, 50) == 150);
    CHECK(suspension_due(100, 1000, 900) == 1000);
    CHECK(suspension_due(100, 1000, 5000) == 1000);
    CHECK(suspension_due(100, 1000, UINT64_MAX) == 1000);
    // The deadline has passed already.
    CHECK(suspension_due(2000, 1000, 50) == 1000);
}

TEST_CASE("host/suspension: arm: gives a token of the worker, new each time") {
    SuspensionTable table{worker};
    const auto e = query();
    const auto first = table.arm(*e, limit);
    CHECK(first != 0);
    CHECK((first >> 24U & 0xFFU) == worker);
    CHECK(e->suspension == Suspension::armed);
    CHECK(e->wait_stage == 2);
    const auto second = table.arm(*e, limit);
    CHECK(second != first);
    CHECK_FALSE(table.claim(first));
    CHECK(table.claim(second));
    CHECK(table.count() == 1);
}

TEST_CASE("host/suspension: arm: refuses one too many, and takes it when another has gone") {
    SuspensionTable table{worker};
    std::vector<std::unique_ptr<Exchange>> queries;
    for (std::uint32_t i = 0; i < limit; ++i) {
        queries.push_back(query());
        CHECK(table.arm(*queries.back(), limit) != 0);
    }
    const auto late = query();
    CHECK(table.arm(*late, limit) == 0);
    CHECK(late->slot == 0);
    CHECK(late->suspension == Suspension::none);
    // One that has its place may wait again.
    CHECK(table.arm(*queries[0], limit) != 0);
    table.release(*queries[1]);
    CHECK(table.arm(*late, limit) != 0);
    CHECK(table.count() == limit);
}

TEST_CASE("host/suspension: claim: once, and never what was no token") {
    SuspensionTable table{worker};
    const auto e = query();
    const auto token = table.arm(*e, limit);
    for (const loom_token wrong :
         {loom_token{0}, ~loom_token{0}, token + 1, token ^ 1U, token + (loom_token{1} << 32U)})
        CHECK_FALSE(table.claim(wrong));
    CHECK(table.claim(token));
    CHECK_FALSE(table.claim(token));
    CHECK_FALSE(table.claim(*e));
    CHECK(table.find_claimed(token) == e.get());
}

TEST_CASE("host/suspension: claim: by the query itself makes the token stale") {
    SuspensionTable table{worker};
    const auto e = query();
    const auto token = table.arm(*e, limit);
    CHECK(table.claim(*e));
    CHECK_FALSE(table.claim(token));
}

TEST_CASE("host/suspension: disarm: makes the token stale, before a claim and after it") {
    SuspensionTable table{worker};
    const auto e = query();
    const auto first = table.arm(*e, limit);
    table.disarm(*e);
    CHECK_FALSE(table.claim(first));
    const auto second = table.arm(*e, limit);
    CHECK(table.claim(second));
    table.disarm(*e);
    CHECK(table.find_claimed(second) == nullptr);
}

TEST_CASE("host/suspension: find_claimed: null for a query that waits anew or has gone") {
    SuspensionTable table{worker};
    const auto e = query();
    const auto first = table.arm(*e, limit);
    CHECK(table.claim(first));
    const auto second = table.arm(*e, limit);
    CHECK(table.find_claimed(first) == nullptr);
    CHECK(table.claim(second));
    table.release(*e);
    CHECK(table.find_claimed(second) == nullptr);
    // Another query in its place.
    const auto other = query();
    CHECK(table.arm(*other, limit) != 0);
    CHECK(table.find_claimed(second) == nullptr);
    CHECK_FALSE(table.claim(second));
}

TEST_CASE("host/suspension: for_each_waiting: passes over what is armed, resumed or gone") {
    SuspensionTable table{worker};
    std::vector<std::unique_ptr<Exchange>> queries;
    for (const auto state :
         {Suspension::waiting, Suspension::armed, Suspension::resumed, Suspension::waiting,
          Suspension::waiting}) {
        queries.push_back(query());
        REQUIRE(table.arm(*queries.back(), 10) != 0);
        queries.back()->suspension = state;
    }
    table.release(*queries[3]);
    std::vector<Exchange*> seen;
    table.for_each_waiting([&](Exchange& e) {
        seen.push_back(&e);
        table.release(e);
    });
    CHECK(seen == std::vector{queries[0].get(), queries[4].get()});
    CHECK(table.count() == 2);
}

TEST_CASE("host/suspension: claim: of many threads one wins") {
    SuspensionTable table{worker};
    std::vector<std::unique_ptr<Exchange>> queries;
    std::vector<loom_token> tokens;
    for (int i = 0; i < 1000; ++i) {
        queries.push_back(query());
        tokens.push_back(table.arm(*queries.back(), 1000));
    }
    std::atomic<int> won{0};
    const auto claim_all = [&] {
        for (const loom_token token : tokens)
            if (table.claim(token)) ++won;
    };
    std::thread one{claim_all};
    std::thread two{claim_all};
    one.join();
    two.join();
    CHECK(won == 1000);
}
