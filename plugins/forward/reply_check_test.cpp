// SPDX-License-Identifier: Apache-2.0
#include "reply_check.hpp"
#include "test_message.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace loom::forward;
using test::Message;
using test::Reply;

namespace {

const Message query = test::make_query("www.Example.org");
const Message question = test::question_of(query);
constexpr std::uint16_t qr = 0x8000;
constexpr std::uint16_t tc = 0x0200;

}  // namespace

TEST_CASE("forward/reply_check: a good reply: its size, rcode and OPT") {
    const auto before_opt = Reply{query}.a("192.0.2.1");
    const auto reply = Reply{query}.a("192.0.2.1").rcode(3).opt(test::extended_error(22, "x"), 1);

    const auto checked = check_reply(reply, question);

    REQUIRE(checked);
    CHECK(checked->size == reply.size());
    CHECK(checked->rcode == 0x13);
    CHECK(checked->opt_offset == before_opt.size());
    CHECK(checked->opt_size == reply.size() - before_opt.size());
    CHECK(checked->opt_is_last);
    CHECK_FALSE(checked->is_truncated);
    CHECK_FALSE(checked->is_bare);
}

TEST_CASE("forward/reply_check: OPT oddities: taken or refused") {
    CHECK(check_reply(Reply{query}, question)->opt_offset == 0);
    CHECK_FALSE(check_reply(Reply{query}.opt().glue(12, "192.0.2.1"), question)->opt_is_last);

    const Message refused[] = {
        Reply{query}.opt().opt(),                            // two
        Reply{query}.record(test::answer_count, 41, {}),     // in the answer
        Reply{query}.record(test::authority_count, 41, {}),  // in the authority
        Reply{query}.opt({0, 15, 0, 9, 0, 1}),               // an option past the end
        Reply{query}.opt({0, 15, 0}),                        // half an option
    };
    for (const auto& reply : refused) {
        CAPTURE(reply.size());
        CHECK(check_reply(reply, question).error() == ReplyFault::malformed);
    }
}

TEST_CASE("forward/reply_check: another question: refused") {
    const Message refused[] = {
        Reply{test::make_query("www.Example.org", 28)},  // other type
        Reply{test::make_query("vww.Example.org")},      // other name of the same size
        Reply{test::make_query("Example.org")},
        Reply{query}.clear(qr),    // a query
        Reply{query}.set(0x2000),  // opcode NOTIFY
        Reply{query}.cut(20),      // ends within the question
        Reply{query}.cut(12),      // the count says that there is one
    };
    for (const auto& reply : refused) {
        CAPTURE(reply.size());
        CHECK(check_reply(reply, question).error() == ReplyFault::wrong_question);
    }
}

TEST_CASE("forward/reply_check: the question in another case: taken, and said") {
    const Message other = Reply{test::make_query("WWW.example.org")};

    CHECK(check_reply(Reply{query}, question)->keeps_case);
    REQUIRE(check_reply(other, question));
    CHECK_FALSE(check_reply(other, question)->keeps_case);
    // Types 65 and 97 are no letters.
    const auto https = test::make_query("a.test", 65);
    const auto other_type = Reply{test::make_query("a.test", 97)};
    CHECK_FALSE(check_reply(other_type, test::question_of(https)));
}

TEST_CASE("forward/reply_check: two questions, or none with records: refused") {
    auto two = Reply{query}.message();
    two[5] = 2;
    auto none = Reply{query}.cut(12).rcode(1).message();
    none[5] = 0;
    none[7] = 1;

    CHECK(check_reply(two, question).error() == ReplyFault::wrong_question);
    CHECK(check_reply(none, question).error() == ReplyFault::wrong_question);
}

TEST_CASE("forward/reply_check: a header alone: taken for an error, not for an answer") {
    auto bare = Reply{query}.cut(12).rcode(1).message();
    bare[5] = 0;
    REQUIRE(check_reply(bare, question));
    CHECK(check_reply(bare, question)->is_bare);
    CHECK(check_reply(bare, question)->rcode == 1);

    bare[3] = 0x80;
    CHECK_FALSE(check_reply(bare, question));
    bare[3] = 0x83;  // NXDOMAIN says something of a name; it has to say of which.
    CHECK_FALSE(check_reply(bare, question));
}

TEST_CASE("forward/reply_check: every reply that is cut somewhere: refused") {
    const auto whole = Reply{query}.a("192.0.2.1").a("192.0.2.2").opt().message();

    for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(size);
        CHECK_FALSE(check_reply(std::span{whole}.first(size), question));
    }
}

TEST_CASE("forward/reply_check: names that loop or point ahead: refused") {
    const auto at = static_cast<std::uint16_t>(Reply{query}.size());

    CHECK_FALSE(check_reply(Reply{query}.glue(at, "192.0.2.1"), question));
    CHECK_FALSE(
        check_reply(Reply{query}.glue(static_cast<std::uint16_t>(at + 9), "192.0.2.1"), question));
}

TEST_CASE("forward/reply_check: octets behind the last record: left out") {
    const auto reply = Reply{query}.a("192.0.2.1");
    const auto longer = Reply{query}.a("192.0.2.1").octets({1, 2, 3});

    REQUIRE(check_reply(longer, question));
    CHECK(check_reply(longer, question)->size == reply.size());
}

TEST_CASE("forward/reply_check: TC: what is behind the question does not matter") {
    const auto reply = Reply{query}.set(tc).a("192.0.2.1");
    const auto cut = Reply{query}.set(tc).a("192.0.2.1").cut(reply.size() - 3);

    CHECK(check_reply(cut, question).value().is_truncated);
}

TEST_CASE("forward/reply_check: any octet changed: does not crash") {
    const auto whole = Reply{query}.a("192.0.2.1").opt(test::extended_error(1, "why")).message();

    std::size_t refused = 0;
    for (std::size_t i = 0; i < whole.size(); ++i) {
        for (int value = 0; value < 256; ++value) {
            auto reply = whole;
            reply[i] = static_cast<std::uint8_t>(value);
            const auto checked = check_reply(reply, question);
            if (checked) REQUIRE(checked->size <= reply.size());
            refused += checked ? 0U : 1U;
        }
    }
    CHECK(refused > 5000);
}
