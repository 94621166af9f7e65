// SPDX-License-Identifier: Apache-2.0
#include "outgoing_query.hpp"
#include "random_ids.hpp"
#include "test_message.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <set>

using namespace loom::forward;
using loom::forward::test::Message;

namespace {

Message octets_of(const OutgoingQuery& query) {
    return {query.octets().begin(), query.octets().end()};
}

OutgoingQuery make() {
    const auto question = test::question_of(test::make_query("www.Example-1.org"));
    OutgoingQuery query;
    query.write({.qname = std::span{question}.first(question.size() - 4), .qtype = 1});
    return query;
}

}  // namespace

TEST_CASE("forward/outgoing_query: set_cookie: replaces the one before, behind other options") {
    auto query = make();
    const auto bare = octets_of(query);
    const Message data{1, 2};
    REQUIRE(query.add_option(65001, data));
    const auto with_option = octets_of(query);
    CHECK(with_option.size() == bare.size() + 6);

    query.set_cookie(Message(40, 7));
    CHECK(query.has_cookie());
    CHECK(query.octets().size() == with_option.size() + 44);
    query.set_cookie(Message(8, 9));
    const auto octets = octets_of(query);
    CHECK(octets.size() == with_option.size() + 12);
    CHECK(test::u16_at(octets, bare.size() - 2) == 6 + 12);
    CHECK(test::u16_at(octets, with_option.size()) == 10);

    query.drop_cookie();
    CHECK_FALSE(query.has_cookie());
    CHECK(octets_of(query) == with_option);
}

TEST_CASE("forward/outgoing_query: drop_opt: leaves the question, and takes no cookie") {
    auto query = make();
    query.set_cookie(Message(8, 9));

    query.drop_opt();
    query.set_cookie(Message(8, 9));
    query.drop_cookie();

    CHECK_FALSE(query.has_opt());
    CHECK_FALSE(query.has_cookie());
    const auto octets = octets_of(query);
    CHECK(octets.size() == 12 + query.question().size());
    CHECK(test::u16_at(octets, test::additional_count) == 0);
}

TEST_CASE("forward/outgoing_query: randomize_case: letters only, and each time otherwise") {
    RandomIds ids;
    const auto plain = make();
    const Message asked{plain.question().begin(), plain.question().end()};

    std::set<Message> seen;
    for (int i = 0; i < 100; ++i) {
        auto query = make();
        query.randomize_case(ids);
        const Message question{query.question().begin(), query.question().end()};
        CHECK(std::ranges::equal(
            question,
            asked,
            {},
            [](auto c) { return std::tolower(c); },
            [](auto c) { return std::tolower(c); }));
        CHECK(std::ranges::equal(std::span{question}.last(4), std::span{asked}.last(4)));
        seen.insert(question);
    }
    CHECK(seen.size() > 90);
}
