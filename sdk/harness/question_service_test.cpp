// SPDX-License-Identifier: Apache-2.0
#include "puppet.hpp"

#include <dnsloom/dns/codes.hpp>

#include <doctest/doctest.h>

using namespace loom;
using namespace loom::harness;
using namespace loom::harness::test;

namespace {

constexpr std::uint8_t other[] = "\5Other\4test";  // With its final 0.

loom_verdict ask_other(Query& query) {
    CHECK(query.question().set(Bytes{other, sizeof other}, dns::rr_type::aaaa, 1) == LOOM_OK);
    CHECK(query->label_count == 2);
    CHECK(query->qtype == dns::rr_type::aaaa);
    return LOOM_NEXT;
}

}  // namespace

TEST_CASE(
    "harness/question: set: whoever is behind is asked it, the plugin and the client are not") {
    std::uint16_t seen_type = 0;
    std::size_t answers = 0;
    Harness h{pulled_by({.on_query = ask_other, .on_response = [&](Query& query) {
                             seen_type = query->qtype;
                             answers = query.response().records(LOOM_ANSWER).size();
                             return LOOM_NEXT;
                         }})};
    const std::string_view client_question{"\6client\7example\0\0\1\0\1", 20};
    for (const bool as_wire : {false, true}) {
        Reply reply;
        reply.answer = {"Other.test. 60 IN AAAA 2001:db8::1"};
        reply.as_wire = as_wire;
        h.behind.push(reply);

        const auto answer = h.ask(Question{"client.example. A"});

        CHECK(h.behind.asked().back().name == "Other.test.");
        CHECK(h.behind.asked().back().type == "AAAA");
        CHECK(seen_type == dns::rr_type::a);
        CHECK(answers == 1);
        CHECK(answer.answer == std::vector<std::string>{"Other.test. 60 IN AAAA 2001:db8::1"});
        // The question of the message is the client's.
        CHECK(std::equal(
            client_question.begin(), client_question.end(), answer.message.begin() + 12));
    }
}

TEST_CASE("harness/question: flags, options and size: reach whoever is behind") {
    const std::uint8_t option[] = {0xFF, 0xDC, 0, 1, 7};
    Harness h{pulled_by({.on_query = [&](Query& query) {
        auto question = query.question();
        CHECK(question.set_flags(LOOM_QUERY_CD | LOOM_QUERY_RD, LOOM_QUERY_CD) == LOOM_OK);
        CHECK(question.set_flags(LOOM_QUERY_STREAM, 0) == LOOM_E_ARGUMENT);
        CHECK(question.set_options(Bytes{option, sizeof option}) == LOOM_OK);
        CHECK(question.set_options(Bytes{option, 3}) == LOOM_E_ARGUMENT);
        CHECK(question.limit_size(600) == LOOM_OK);
        CHECK(query->reply_max == 600);
        return LOOM_NEXT;
    }})};

    const auto answer = h.ask(Question{"org. A"}.edns(1232));

    const auto& asked = h.behind.asked().back();
    CHECK((asked.flags & LOOM_QUERY_CD) != 0);
    CHECK((asked.flags & LOOM_QUERY_RD) == 0);
    CHECK(asked.options.size() == sizeof option);
    CHECK(answer.rcode == dns::rcode::refused);
}

TEST_CASE("harness/question: set: is refused on the way up") {
    Harness h{pulled_by({.on_response = [&](Query& query) {
        CHECK(query.question().set(Bytes{other, sizeof other}, 1, 1) == LOOM_E_STATE);
        CHECK(query.question().set_flags(LOOM_QUERY_RD, 0) == LOOM_E_STATE);
        return LOOM_NEXT;
    }})};
    h.ask(Question{"org. A"});
}
