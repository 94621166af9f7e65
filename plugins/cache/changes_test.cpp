// SPDX-License-Identifier: Apache-2.0
#include "changes.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

using loom::cache::ChangeTable;
using enum ChangeTable::Scope;

namespace {

// www.example.org. and its ancestors.
const std::vector<std::uint64_t> www{4, 3, 2, 1};

std::unique_ptr<ChangeTable> make() { return std::make_unique<ChangeTable>(ChangeTable{}); }

}  // namespace

TEST_CASE("cache/changes: changed: a zone and all below it, up to the time of the change") {
    auto table = make();
    CHECK_FALSE(table->changed(www, 0));

    REQUIRE(table->add(subtree, 3, 100, 0));

    CHECK(table->changed(www, 99));
    CHECK(table->changed(www, 100));
    CHECK_FALSE(table->changed(www, 101));
    CHECK_FALSE(table->changed(std::vector<std::uint64_t>{5, 2, 1}, 99));
}

TEST_CASE("cache/changes: changed: a name alone") {
    auto table = make();
    REQUIRE(table->add(name, 3, 100, 0));

    CHECK_FALSE(table->changed(www, 100));
    CHECK(table->changed(std::vector<std::uint64_t>{3, 2, 1}, 100));
}

TEST_CASE("cache/changes: add: a second change of a zone replaces the first") {
    auto table = make();
    REQUIRE(table->add(subtree, 3, 100, 0));
    REQUIRE(table->add(subtree, 3, 200, 0));

    CHECK(table->size() == 1);
    CHECK(table->changed(www, 150));
}

TEST_CASE("cache/changes: add: a full table forgets what is old, or says no") {
    auto table = make();
    // Equal remainders: all in one run of places.
    for (std::uint64_t i = 0; i < ChangeTable::records_max; ++i)
        REQUIRE(table->add(subtree, 7 + 512 * i, 100 + i, 0));

    CHECK_FALSE(table->add(subtree, 3, 1000, 100));
    CHECK(table->size() == ChangeTable::records_max);
    CHECK(table->add(subtree, 3, 1000, 300));

    CHECK(table->size() == ChangeTable::records_max - 200 + 1);
    CHECK(table->changed(www, 1000));
    CHECK(table->changed(std::vector<std::uint64_t>{7 + 512 * 255}, 100));
    CHECK_FALSE(table->changed(std::vector<std::uint64_t>{7}, 100));
}
