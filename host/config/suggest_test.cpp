// SPDX-License-Identifier: Apache-2.0
#include "suggest.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace loom::host;

namespace {

constexpr std::array<std::string_view, 3> known = {"capacity", "policy", "to"};

}  // namespace

TEST_CASE("config/suggest: edit_distance: counts letters") {
    CHECK(edit_distance("cache", "cache") == 0);
    CHECK(edit_distance("cahce", "cache") == 1);
    CHECK(edit_distance("cach", "cache") == 1);
    CHECK(edit_distance("", "abc") == 3);
    CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("config/suggest: nearest: finds the likely word or none") {
    CHECK(nearest("capasity", known) == "capacity");
    CHECK(nearest("plicy", known) == "policy");
    CHECK(nearest("zzz", known) == "");
    CHECK(nearest("xy", known) == "");  // Nothing of "to" is left in it.
}

TEST_CASE("config/suggest: suggestion: names what is allowed") {
    CHECK(suggestion("plicy", known) == "; did you mean \"policy\"? Allowed: capacity, policy, to");
    CHECK(suggestion("zzz", known) == "; allowed: capacity, policy, to");
    CHECK(suggestion("zzz", {}) == "");
}
