// SPDX-License-Identifier: Apache-2.0
#include "classify.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace {

using loom::log::class_set;
using loom::log::classify;
using loom::log::ResponseClass;
using Octets = std::vector<std::uint8_t>;

/// A response to `. TYPE A` with one record of `type` in the section whose count is `count_at`.
Octets message(std::size_t count_at, std::uint8_t type) {
    Octets octets{0, 0, 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1};
    octets[count_at + 1] = 1;
    const Octets record{0, 0, type, 0, 1, 0, 0, 0, 0, 0, 0};
    octets.insert(octets.end(), record.begin(), record.end());
    return octets;
}

constexpr std::size_t answer = 6;
constexpr std::size_t authority = 8;
constexpr std::size_t additional = 10;
constexpr std::uint8_t type_a = 1;
constexpr std::uint8_t type_ns = 2;
constexpr std::uint8_t type_soa = 6;

}  // namespace

TEST_CASE("plugin/log: classify: tells data, referrals and denials apart") {
    CHECK(classify(message(answer, type_a), 0) == ResponseClass::success);
    CHECK(classify(message(answer, type_soa), 0) == ResponseClass::success);
    CHECK(classify(message(authority, type_ns), 0) == ResponseClass::success);
    CHECK(classify(message(additional, type_soa), 0) == ResponseClass::success);
    CHECK(classify(message(authority, type_soa), 0) == ResponseClass::denial);
    CHECK(classify(message(authority, type_soa), 3) == ResponseClass::denial);
}

TEST_CASE("plugin/log: classify: takes every other rcode as an error") {
    CHECK(classify(message(answer, type_a), 2) == ResponseClass::error);
    CHECK(classify(message(answer, type_a), 5) == ResponseClass::error);
    CHECK(classify(message(answer, type_a), 16) == ResponseClass::error);
}

TEST_CASE("plugin/log: classify: takes what is no message as an error") {
    CHECK(classify({}, 0) == ResponseClass::error);
}

TEST_CASE("plugin/log: class_set: gives one bit a word, and all for the word all") {
    CHECK(class_set("success") == 1);
    CHECK(class_set("denial") == 2);
    CHECK(class_set("error") == 4);
    CHECK(class_set("all") == 7);
}

TEST_CASE("plugin/log: type_name: is CoreDNS's word") {
    const auto word = [](const Octets& octets, std::uint16_t rcode) {
        return loom::log::type_name(classify(octets, rcode), octets, rcode);
    };
    CHECK(word(message(answer, type_a), 0) == "NOERROR");
    CHECK(word(message(additional, type_a), 0) == "NOERROR");
    CHECK(word(message(authority, type_ns), 0) == "DELEGATION");
    CHECK(word(message(authority, type_soa), 0) == "NODATA");
    CHECK(word(message(authority, type_soa), 3) == "NXDOMAIN");
    CHECK(word({}, 2) == "SERVERERROR");
    CHECK(word({}, 5) == "OTHERERROR");
    CHECK(word({}, 0) == "OTHERERROR");
}
