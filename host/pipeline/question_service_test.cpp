// SPDX-License-Identifier: Apache-2.0
#include "../services/sample_services.hpp"
#include "chain.hpp"
#include "question_service.hpp"
#include "reply.hpp"
#include "response_service.hpp"

#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/wire.hpp>

#include <doctest/doctest.h>

#include <deque>
#include <vector>

using namespace loom;
using namespace loom::host;

namespace {

const std::uint8_t other_name[] = "\5Other\4test";  // With its final 0.
constexpr std::size_t other_size = sizeof other_name;

loom_status rename(Exchange& e, std::uint16_t qtype = dns::rr_type::aaaa) {
    return question_service.set(&e, {other_name, other_size}, qtype, dns::rr_class::in);
}

std::string name(const Exchange& e) {
    return dns::NameView::from_trusted({e.qname.data, e.qname.size}).to_string();
}

// As an upstream would: the whole message, with the question that it got.
loom_verdict answer_in_wire_form(Exchange& e) {
    static constexpr std::uint8_t rdata[] = {192, 0, 2, 1};
    response_service.begin(&e, dns::rcode::noerror, 0);
    const loom_record record{
        e.qname, dns::rr_type::a, dns::rr_class::in, 60, {rdata, sizeof rdata}};
    REQUIRE(response_service.add(&e, LOOM_ANSWER, &record) == LOOM_OK);
    loom_bytes message{};
    REQUIRE(response_service.wire(&e, &message) == LOOM_OK);
    return LOOM_ANSWERED;
}

// A pipeline of hooks, and what is sent in the end.
struct Pipe {
    FakePlugin& add() { return plugins.emplace_back(); }
    std::span<const std::uint8_t> run() {
        for (FakePlugin& plugin : plugins) plugin.join(pipeline, &services.instance(plugin.table));
        query.e->pipeline = &pipeline;
        REQUIRE(walk(*query.e) == Walk::done);
        lend_room();
        return std::span{room}.first(write_reply(*query.e, 1232));
    }

    void lend_room() {
        query.e->send_buffer = room.data();
        query.e->send_size = static_cast<std::uint32_t>(room.size());
    }

    SampleQuery query{query_message()};
    SampleServices services{0};
    Pipeline pipeline;
    std::deque<FakePlugin> plugins;
    std::array<std::uint8_t, 2048> room{};
};

}  // namespace

TEST_CASE("host/question_service: set: is seen behind, and not in front or by the client") {
    Pipe pipe;
    const std::string asked = name(*pipe.query.e);
    const auto asked_type = pipe.query.e->qtype;
    std::string front, own, behind;
    pipe.add().on_response = [&](Exchange& e) {
        front = name(e);
        return loom_verdict{LOOM_NEXT};
    };
    FakePlugin& rewriter = pipe.add();
    rewriter.on_query = [&](Exchange& e) {
        CHECK(rename(e) == LOOM_OK);
        return loom_verdict{LOOM_NEXT};
    };
    rewriter.on_response = [&](Exchange& e) {
        own = name(e);
        CHECK(e.qtype == asked_type);
        return loom_verdict{LOOM_NEXT};
    };
    FakePlugin& observer = pipe.add();
    observer.on_response = [&](Exchange& e) {
        behind = name(e);
        return loom_verdict{LOOM_NEXT};
    };
    pipe.add().on_query = [&](Exchange& e) {
        CHECK(name(e) == "Other.test.");
        CHECK(e.qtype == dns::rr_type::aaaa);
        CHECK(e.label_count == 2);
        CHECK(
            e.suffix_hash[0] ==
            hash_name(
                sample_key, dns::NameView::from_trusted({e.qname_lower.data, e.qname_lower.size})));
        return answer_in_wire_form(e);
    };

    const auto reply = pipe.run();

    CHECK(front == asked);
    CHECK(own == asked);
    CHECK(behind == "Other.test.");
    auto reader = dns::MessageReader::open(reply);
    REQUIRE(reader);
    const auto question = *reader->question();
    REQUIRE(question);
    CHECK(question->qname.to_string() == asked);
    CHECK(question->qtype == asked_type);
    const auto record = reader->next();
    REQUIRE(record);
    REQUIRE(*record);
    CHECK((*record)->owner().to_string() == "Other.test.");
}

TEST_CASE("host/question_service: rename_answer: makes a simple message the client's own") {
    for (const bool in_send_buffer : {false, true}) {
        CAPTURE(in_send_buffer);
        Pipe pipe;
        const std::string asked = name(*pipe.query.e);
        const auto asked_type = pipe.query.e->qtype;
        FakePlugin& rewriter = pipe.add();
        rewriter.on_query = [&](Exchange& e) {
            CHECK(rename(e) == LOOM_OK);
            return loom_verdict{LOOM_NEXT};
        };
        rewriter.on_response = [&](Exchange& e) {
            CHECK(question_service.rename_answer(&e, {e.qname.data, e.qname.size}) == LOOM_E_STATE);
            CHECK(question_service.rename_answer(&e, {other_name, other_size}) == LOOM_OK);
            CHECK(e.response.form == ResponseForm::wire);
            CHECK(e.response.in_send_buffer == in_send_buffer);
            CHECK(question_service.rename_answer(&e, {other_name, other_size}) == LOOM_E_STATE);
            return loom_verdict{LOOM_NEXT};
        };
        if (in_send_buffer) pipe.lend_room();
        pipe.add().on_query = [&](Exchange& e) {
            const loom_verdict verdict = answer_in_wire_form(e);
            if (!in_send_buffer) return verdict;
            loom_bytes message{};
            REQUIRE(response_service.wire(&e, &message) == LOOM_OK);
            REQUIRE(response_service.set_wire(&e, message) == LOOM_OK);
            return verdict;
        };

        auto reader = dns::MessageReader::open(pipe.run());
        REQUIRE(reader);
        const auto question = *reader->question();
        REQUIRE(question);
        CHECK(question->qname.to_string() == asked);
        CHECK(question->qtype == asked_type);
        const auto record = reader->next();
        REQUIRE((record && *record));
        CHECK((*record)->owner().to_string() == asked);
        CHECK((*record)->rdata_size == 4);
        CHECK(!*reader->next());
    }
}

TEST_CASE("host/question_service: rename_answer: leaves what is not simple to the plugin") {
    Pipe pipe;
    FakePlugin& rewriter = pipe.add();
    rewriter.on_query = [&](Exchange& e) {
        rename(e);
        return loom_verdict{LOOM_NEXT};
    };
    std::vector<loom_status> statuses;
    rewriter.on_response = [&](Exchange& e) {
        statuses.push_back(question_service.rename_answer(&e, {other_name, other_size}));
        statuses.push_back(question_service.rename_answer(&e, {other_name, 3}));
        return loom_verdict{LOOM_NEXT};
    };
    std::vector<std::uint8_t> message;
    pipe.add().on_query = [&](Exchange& e) {
        answer_in_wire_form(e);
        loom_bytes made{};
        response_service.wire(&e, &made);
        message.assign(made.data, made.data + made.size);
        const std::size_t record = dns::header_size + other_size + 4;
        SUBCASE("an owner that is not the question's name") { message[record + 1] = 18; }
        SUBCASE("a type with a name in its data") { message[record + 3] = dns::rr_type::ns; }
        SUBCASE("a record cut short") { message.pop_back(); }
        SUBCASE("octets behind the last record") { message.push_back(0); }
        SUBCASE("more records than there are") { message[7] = 2; }
        SUBCASE("no question") { message[5] = 0; }
        REQUIRE(response_service.set_wire(&e, {message.data(), message.size()}) == LOOM_OK);
        return loom_verdict{LOOM_ANSWERED};
    };

    pipe.run();

    CHECK(statuses == std::vector<loom_status>{LOOM_E_STATE, LOOM_E_ARGUMENT});
}

TEST_CASE("host/question_service: set: twice by two plugins, each gets its own back") {
    Pipe pipe;
    const std::string asked = name(*pipe.query.e);
    std::string first, second;
    FakePlugin& a = pipe.add();
    a.on_query = [&](Exchange& e) {
        rename(e);
        return loom_verdict{LOOM_NEXT};
    };
    a.on_response = [&](Exchange& e) {
        first = name(e);
        return loom_verdict{LOOM_NEXT};
    };
    FakePlugin& b = pipe.add();
    b.on_query = [&](Exchange& e) {
        static constexpr std::uint8_t root[] = {0};
        CHECK(question_service.set(&e, {root, 1}, 1, 1) == LOOM_OK);
        CHECK(question_service.set(&e, {root, 1}, 2, 1) == LOOM_OK);
        return loom_verdict{LOOM_NEXT};
    };
    b.on_response = [&](Exchange& e) {
        second = name(e);
        return loom_verdict{LOOM_NEXT};
    };
    pipe.add().on_query = [&](Exchange& e) {
        CHECK(name(e) == ".");
        CHECK(e.qtype == 2);
        return answer_in_wire_form(e);
    };

    pipe.run();

    CHECK(first == asked);
    CHECK(second == "Other.test.");
    CHECK(name(*pipe.query.e) == asked);
}

TEST_CASE("host/question_service: set: refuses malformed names and response hooks") {
    Pipe pipe;
    FakePlugin& plugin = pipe.add();
    plugin.on_query = [&](Exchange& e) {
        const std::uint8_t cut[] = {5, 'a', 'b'};
        CHECK(question_service.set(&e, {cut, sizeof cut}, 1, 1) == LOOM_E_ARGUMENT);
        const std::uint8_t more[] = {1, 'a', 0, 1};
        CHECK(question_service.set(&e, {more, sizeof more}, 1, 1) == LOOM_E_ARGUMENT);
        CHECK(e.changed == nullptr);
        return loom_verdict{LOOM_NEXT};
    };
    plugin.on_response = [&](Exchange& e) {
        CHECK(rename(e) == LOOM_E_STATE);
        CHECK(question_service.set_flags(&e, LOOM_QUERY_RD, 0) == LOOM_E_STATE);
        return loom_verdict{LOOM_NEXT};
    };
    pipe.add().on_query = answer_in_wire_form;
    pipe.run();
}

TEST_CASE("host/question_service: set_flags and set_options: hold behind only") {
    Pipe pipe;
    const auto asked = pipe.query.e->flags;
    FakePlugin& plugin = pipe.add();
    const std::uint8_t option[] = {0xFF, 0xDC, 0, 1, 7};
    plugin.on_query = [&](Exchange& e) {
        CHECK(
            question_service.set_flags(&e, LOOM_QUERY_CD | LOOM_QUERY_RD, LOOM_QUERY_CD) ==
            LOOM_OK);
        CHECK(question_service.set_flags(&e, LOOM_QUERY_STREAM, 0) == LOOM_E_ARGUMENT);
        CHECK(question_service.set_options(&e, {option, sizeof option}) == LOOM_OK);
        CHECK(question_service.set_options(&e, {option, 3}) == LOOM_E_ARGUMENT);
        return loom_verdict{LOOM_NEXT};
    };
    bool same = false;
    plugin.on_response = [&](Exchange& e) {
        same = e.flags == asked && e.edns_options.size == 0;
        return loom_verdict{LOOM_NEXT};
    };
    pipe.add().on_query = [&](Exchange& e) {
        CHECK((e.flags & LOOM_QUERY_CD) != 0);
        CHECK((e.flags & LOOM_QUERY_RD) == 0);
        CHECK(e.edns_options.size == sizeof option);
        return answer_in_wire_form(e);
    };
    pipe.run();
    CHECK(same);
}

TEST_CASE("host/question_service: limit_size: lowers, never raises, and only with EDNS") {
    Pipe pipe;
    Exchange& e = *pipe.query.e;
    e.phase = LOOM_PHASE_QUERY;
    e.flags |= LOOM_QUERY_EDNS;
    e.edns_udp_size = 4096;
    e.reply_max = 1232;
    question_service.limit_size(&e, 700);
    CHECK(e.edns_udp_size == 700);
    CHECK(e.reply_max == 700);
    question_service.limit_size(&e, 1000);
    CHECK(e.reply_max == 700);
    question_service.limit_size(&e, 100);
    CHECK(e.reply_max == 512);
    e.flags &= ~static_cast<std::uint32_t>(LOOM_QUERY_EDNS);
    e.reply_max = 1232;
    question_service.limit_size(&e, 600);
    CHECK(e.reply_max == 1232);
}
