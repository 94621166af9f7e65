// SPDX-License-Identifier: Apache-2.0
#include "scalar.hpp"
#include "value.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace loom::host;

namespace {

Value text(std::string content, bool expanded) {
    return {.data = std::move(content), .place = {}, .expanded = expanded};
}

std::string canonical(const Table& table) {
    std::string out;
    append_canonical(table, out);
    return out;
}

}  // namespace

TEST_CASE(
    "config/value: append_canonical: the order of keys does not count, that of elements does") {
    const Value one{.data = std::int64_t{1}, .place = {}};
    const Value two{.data = std::int64_t{2}, .place = {}};

    CHECK(
        canonical({{{"a", {}, one}, {"b", {}, two}}}) ==
        canonical({{{"b", {}, two}, {"a", {}, one}}}));
    CHECK(
        canonical({{{"a", {}, {.data = Array{one, two}, .place = {}}}}}) !=
        canonical({{{"a", {}, {.data = Array{two, one}, .place = {}}}}}));
    CHECK(canonical({{{"a", {}, one}}}) != canonical({{{"a", {}, text("1", false)}}}));
}

TEST_CASE("config/scalar: strings: count as numbers only if a variable was expanded in them") {
    CHECK(integer_of(text("12", true)) == 12);
    CHECK_FALSE(integer_of(text("12", false)));
    CHECK_FALSE(integer_of(text("12x", true)));
    CHECK(boolean_of(text("true", true)) == true);
    CHECK(boolean_of(text("false", true)) == false);
    CHECK_FALSE(boolean_of(text("yes", true)));
    CHECK(real_of(text("0.5", true)) == 0.5);
    CHECK_FALSE(real_of(text("nan", true)));
}

TEST_CASE("config/scalar: real_of: takes integers and refuses what is not finite") {
    CHECK(real_of({.data = std::int64_t{3}, .place = {}}) == 3.0);
    CHECK_FALSE(real_of({.data = std::numeric_limits<double>::infinity(), .place = {}}));
}

TEST_CASE("config/scalar: describe: gives the kind, or the text from the environment") {
    CHECK(describe(text("x", false)) == "a string");
    CHECK(describe(text("x", true)) == "\"x\"");
}
