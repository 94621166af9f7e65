// SPDX-License-Identifier: Apache-2.0
#include "puppet.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace loom::harness;
using namespace loom::harness::test;
using loom::Query;

namespace {

using Lines = std::vector<std::string>;

Reply address_reply(std::string address = "192.0.2.7") {
    return {.answer = {"example.org. 60 IN A " + address}};
}

}  // namespace

TEST_CASE("harness/answer: records: come out as text, wire and packet") {
    Harness h{pulled_by({.on_query = answer_address})};

    const auto answer = h.ask(Question{"Example.ORG. A"}.id(77).edns());

    CHECK_FALSE(answer.pending);
    CHECK(answer.verdict == LOOM_ANSWERED);
    CHECK(answer.source == Source::plugin);
    CHECK(answer.rcode == 0);
    CHECK(answer.is_authoritative());
    CHECK_FALSE(answer.wire_form);
    CHECK(answer.answer == Lines{"Example.ORG. 30 IN A 192.0.2.1"});
    REQUIRE(answer.message.size() > 12);
    CHECK(answer.message[1] == 77);
    CHECK(answer.message[11] == 1);  // The OPT record.
    REQUIRE(answer.wire.size() > 12);
    CHECK(answer.wire[1] == 0);
    CHECK(answer.wire[11] == 0);
}

TEST_CASE("harness/answer: buffer and commit: give a response in wire form") {
    std::size_t room = 0;
    Harness h{pulled_by({.on_query = [&](Query& query) {
        auto response = query.response();
        const auto buffer = response.buffer();
        room = buffer.size();
        const auto message = address_message(query);
        std::ranges::copy(message, buffer.begin());
        CHECK(response.commit(message.size()) == LOOM_OK);
        return LOOM_ANSWERED;
    }})};

    const auto answer = h.ask("example.org. A");

    CHECK(room == 512);
    CHECK(answer.wire_form);
    CHECK(answer.answer == Lines{"example.org. 30 IN A 192.0.2.1"});
    CHECK(answer.is_authoritative());
}

TEST_CASE("harness/answer: buffer: leaves what OPT needs") {
    std::size_t room = 0;
    Harness h{pulled_by({.on_query = [&](Query& query) {
        room = query.response().buffer().size();
        return LOOM_NEXT;
    }})};

    h.ask(Question{"example.org."}.edns(1232));
    CHECK(room == 1232 - 11);
    h.ask(Question{"example.org."}.tcp());
    CHECK(room == 65535);
}

TEST_CASE("harness/answer: set_wire: copies the message and spells the name as the client did") {
    Harness h{pulled_by({.on_query = [](Query& query) {
        auto message = address_message(query);
        message[13] = 'e';
        const auto status = query.response().set_wire(message);
        std::ranges::fill(message, std::uint8_t{0});
        return status == LOOM_OK ? LOOM_ANSWERED : LOOM_DROP;
    }})};

    const auto answer = h.ask("EXAMPLE.org. A");

    CHECK(answer.wire_form);
    CHECK(answer.wire[13] == 'E');
    CHECK(answer.answer.size() == 1);
}

TEST_CASE("harness/answer: NEXT: reaches the script, and its reply the response hook") {
    Harness h{pulled_by({.on_response = [](Query& query) {
        CHECK(query->phase == LOOM_PHASE_RESPONSE);
        CHECK(query.response().rcode() == 0);
        query.response().set_flags(LOOM_FLAG_RA, LOOM_FLAG_RA);
        return LOOM_NEXT;
    }})};
    h.behind.push(address_reply());

    const auto answer = h.ask("example.org. A");

    CHECK(answer.source == Source::behind);
    CHECK(answer.verdict == LOOM_NEXT);
    CHECK(answer.flags == LOOM_FLAG_RA);
    CHECK(answer.answer == Lines{"example.org. 60 IN A 192.0.2.7"});
    REQUIRE(h.behind.asked().size() == 1);
    CHECK(h.behind.asked()[0].name == "example.org.");
    CHECK(h.behind.asked()[0].type == "A");
    CHECK_FALSE(h.behind.asked()[0].subquery);
}

TEST_CASE("harness/answer: NEXT with nobody behind: gives the host's REFUSED") {
    Harness h{pulled_by({})};

    const auto answer = h.ask("example.org. A");

    CHECK(answer.source == Source::nobody);
    CHECK(answer.rcode == 5);
}

TEST_CASE("harness/answer: response hook: edits a wire response record by record") {
    Harness h{pulled_by({.on_response = [](Query& query) {
        auto response = query.response();
        const auto found = response.records(LOOM_ANSWER);
        std::vector<loom_record> records{found.begin(), found.end()};
        for (auto& record : records) record.ttl = 5;
        response.replace(LOOM_ANSWER, records);
        response.add(LOOM_ADDITIONAL, address_record(query));
        return LOOM_NEXT;
    }})};
    auto reply = address_reply();
    reply.as_wire = true;
    h.behind.push(reply);

    const auto answer = h.ask("example.org. A");

    CHECK(answer.answer == Lines{"example.org. 5 IN A 192.0.2.7"});
    CHECK(answer.additional == Lines{"example.org. 30 IN A 192.0.2.1"});
    CHECK_FALSE(answer.wire_form);
}

TEST_CASE("harness/answer: response hook that only looks: leaves a wire response as it is") {
    Harness h{pulled_by({.on_response = [](Query& query) {
        CHECK(query.response().records(LOOM_ANSWER).size() == 1);
        CHECK(query.response().wire().size() > 12);
        return LOOM_NEXT;
    }})};
    auto reply = address_reply();
    reply.as_wire = true;
    h.behind.push(reply);

    CHECK(h.ask("example.org. A").wire_form);
}

TEST_CASE("harness/answer: a change: moves the records and the message that were read before") {
    Harness h{pulled_by({.on_query = [](Query& query) {
        answer_address(query);
        auto response = query.response();
        response.set_wire(response.wire());
        const auto* records = response.records(LOOM_ANSWER).data();
        const auto* wire = response.wire().data();
        CHECK(response.records(LOOM_ANSWER).data() == records);
        CHECK(response.wire().data() == wire);
        response.set_rcode(3);
        CHECK(response.records(LOOM_ANSWER).data() != records);
        CHECK(response.wire().data() != wire);
        return LOOM_ANSWERED;
    }})};

    CHECK(h.ask("example.org. A").rcode == 3);
}

TEST_CASE("harness/answer: a later answer in the response hook: is the plugin's") {
    Harness h{pulled_by({.on_response = answer_address})};
    h.behind.push({.rcode = 2});

    const auto answer = h.ask("example.org. A");

    CHECK(answer.source == Source::plugin);
    CHECK(answer.rcode == 0);
}

TEST_CASE("harness/answer: LOOM_FAIL and errors: become the host's answers") {
    loom_verdict verdict = LOOM_FAIL(9);
    Harness h{pulled_by({.on_query = [&](Query&) { return verdict; }})};

    auto answer = h.ask("example.org. A");
    CHECK(answer.source == Source::failure);
    CHECK(answer.rcode == 9);
    CHECK(answer.verdict == LOOM_FAIL(9));

    verdict = LOOM_E_EXCEPTION;
    answer = h.ask("example.org. A");
    CHECK(answer.rcode == 2);
    CHECK(answer.source == Source::failure);
}

TEST_CASE("harness/answer: an exception in a hook: is logged and gives SERVFAIL") {
    Harness h{pulled_by(
        {.on_query = [](Query&) -> loom_verdict { throw std::runtime_error{"broken"}; }})};

    CHECK(h.ask("example.org. A").rcode == 2);
    REQUIRE(h.log().size() == 1);
    CHECK(h.log()[0].field("what") == "broken");
}

TEST_CASE("harness/answer: DROP: sends nothing, on the way down and up") {
    loom_verdict down = LOOM_DROP;
    Harness h{pulled_by(
        {.on_query = [&](Query&) { return down; },
         .on_response = [](Query&) -> loom_verdict { return LOOM_DROP; }})};

    CHECK(h.ask("example.org. A").dropped);
    CHECK(h.behind.asked().empty());
    down = LOOM_NEXT;
    CHECK(h.ask("example.org. A").dropped);
    CHECK(h.behind.asked().size() == 1);
}

TEST_CASE("harness/answer: options: are listed and stand in the packet's OPT") {
    Harness h{pulled_by({.on_query = [](Query& query) {
        query.response().extended_error(15, "blocked here");
        query.response().option(65001, std::vector<std::uint8_t>{1, 2});
        return answer_address(query);
    }})};

    const auto plain = h.ask("example.org. A");
    const auto edns = h.ask(Question{"example.org. A"}.edns());

    REQUIRE(edns.options.size() == 2);
    CHECK(edns.options[1].code == 65001);
    REQUIRE(edns.extended_error());
    CHECK(edns.extended_error()->code == 15);
    CHECK(edns.extended_error()->text == "blocked here");
    CHECK(edns.message.size() == plain.message.size() + 11 + 4 + 14 + 4 + 2);
}

TEST_CASE("harness/answer: options of a response: go when the plugin replaces it") {
    for (const bool replaces : {false, true}) {
        CAPTURE(replaces);
        Strings strings;
        strings.on_query = [](Query& query) {
            query.response().option(65001, loom::Bytes{});
            return LOOM_NEXT;
        };
        strings.on_response = [replaces](Query& query) {
            if (replaces) query.response().begin(0, 0);
            return LOOM_NEXT;
        };
        Harness h{pulled_by(std::move(strings))};
        h.behind.push({.rcode = 2, .options = {{15, {0, 22}}}});

        const auto answer = h.ask(Question{"example.org. A"}.edns());

        CHECK(answer.options.size() == (replaces ? 1 : 2));
        CHECK(answer.options.at(0).code == 65001);
    }
}

TEST_CASE("harness/answer: an rcode over 15: goes to OPT, and is SERVFAIL without EDNS") {
    Harness h{pulled_by({.on_query = [](Query& query) {
        query.response().begin(23, 0);
        return LOOM_ANSWERED;
    }})};

    const auto plain = h.ask("example.org. A");
    const auto edns = h.ask(Question{"example.org. A"}.edns());

    CHECK(plain.rcode == 23);
    CHECK((plain.message[3] & 15) == 2);
    CHECK((edns.message[3] & 15) == 7);
    CHECK(edns.message[edns.message.size() - 6] == 1);
}

TEST_CASE("harness/answer: more than the client takes: is truncated at an RRset's border") {
    Harness h{pulled_by({.on_query = [](Query& query) {
        auto response = query.response();
        response.begin(0, 0);
        for (int i = 0; i < 100; ++i) response.add(LOOM_ANSWER, address_record(query));
        return LOOM_ANSWERED;
    }})};

    const auto udp = h.ask("example.org. A");
    const auto tcp = h.ask(Question{"example.org. A"}.tcp());

    CHECK(udp.is_truncated());
    CHECK(udp.message.size() <= 512);
    CHECK(udp.message[7] == 0);
    CHECK(udp.answer.size() == 100);
    CHECK_FALSE(tcp.is_truncated());
    CHECK(tcp.message[7] == 100);
}

TEST_CASE("harness/answer: additional records that do not fit: TC for glue only") {
    for (const bool is_referral : {false, true}) {
        CAPTURE(is_referral);
        Harness h{pulled_by({})};
        Reply reply{.flags = is_referral ? std::uint16_t{0} : std::uint16_t{LOOM_FLAG_AA}};
        reply.authority = {"example.org. NS ns.example.org."};
        for (int i = 0; i < 60; ++i)
            reply.additional.push_back("ns.example.org. A 192.0.2." + std::to_string(i));
        reply.additional.push_back("x. A 192.0.2.1");
        h.behind.push(reply);

        const auto answer = h.ask("www.example.org. A");

        CHECK(answer.is_truncated() == is_referral);
        CHECK(answer.message[11] == 0);
    }
}

TEST_CASE("harness/answer: options of a scripted reply: are the response's") {
    Harness h{pulled_by({.on_response = [](Query& query) {
        CHECK(query.response().options().size() == 4 + 2 + 4);
        return LOOM_NEXT;
    }})};
    h.behind.push({.options = {{65001, {1, 2}}, {65002, {}}}});

    const auto answer = h.ask(Question{"example.org. A"}.edns());

    REQUIRE(answer.options.size() == 2);
    CHECK(answer.options[0].code == 65001);
    CHECK(answer.options[0].value == std::vector<std::uint8_t>{1, 2});
    CHECK(answer.message[answer.message.size() - 11] == 10);
}

TEST_CASE("harness/answer: a scripted reply that is none: is refused, and the query ends") {
    Harness h{pulled_by({})};
    h.behind.push({.options = {{65001, std::vector<std::uint8_t>(1021)}}});

    CHECK_THROWS_AS(h.ask("example.org. A"), std::invalid_argument);
    h.behind.push({.answer = {"no record"}});
    CHECK_THROWS_AS(h.ask("example.org. A"), std::invalid_argument);
}

TEST_CASE("harness/answer: a query: is described as the client sent it") {
    const std::array<std::uint8_t, 2> value{7, 8};
    Harness h{
        pulled_by(
            {.on_query =
                 [](Query& query) {
                     CHECK(query->qtype == 28);
                     CHECK(query->qclass == 3);
                     CHECK(query->label_count == 2);
                     CHECK(query.name()[1] == 'W');
                     CHECK(query.name_lower()[1] == 'w');
                     CHECK(query->label_offset[1] == 4);
                     CHECK(query->label_offset[2] == 8);
                     const auto host_hash = query.host().hash_name(query.name().subspan(4));
                     CHECK(query->suffix_hash[1] == host_hash);
                     CHECK(query->reply_max == 4096);
                     CHECK(query->edns_udp_size == 4096);
                     CHECK(query.has(LOOM_QUERY_EDNS | LOOM_QUERY_DO));
                     CHECK(query->edns_options.size == 6);
                     CHECK(query->wire.size == 12 + 9 + 4 + 11 + 6);
                     CHECK(query->client->family == 6);
                     CHECK(query->client->port == 4242);
                     CHECK(query->worker == 1);
                     CHECK(query->zone.size == 5);
                     return LOOM_NEXT;
                 }}),
        {},
        {.zones = {"org", ".", "example.net"}, .workers = 2}};

    h.ask(Question{"WWW.org. CH AAAA"}
              .edns(4096)
              .dnssec()
              .option(65001, value)
              .client("2001:db8::7", 4242)
              .worker(1));
    CHECK(h.behind.asked().size() == 1);
}

TEST_CASE("harness/question: what is no question: is refused") {
    CHECK_THROWS_AS(Question{""}, std::invalid_argument);
    CHECK_THROWS_AS(Question{"example.org. IN A B"}, std::invalid_argument);
    CHECK_THROWS_AS(Question{"example.org. QUUX"}, std::invalid_argument);
    CHECK_THROWS_AS(Question{"example..org."}, std::invalid_argument);
    CHECK_THROWS_AS(Question{"example.org."}.client("192.0.2.256"), std::invalid_argument);
    CHECK_THROWS_AS(Question{"example.org."}.opcode(16), std::invalid_argument);
}
