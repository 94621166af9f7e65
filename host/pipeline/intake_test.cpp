// SPDX-License-Identifier: Apache-2.0
#include "intake.hpp"
#include "sample_query.hpp"

#include <doctest/doctest.h>

using namespace loom;
using namespace loom::host;

namespace {

void check_error(const Octets& message, std::uint8_t rcode, bool question, bool edns) {
    const SampleQuery query{message};
    CHECK(query.taken.intake == Intake::error);
    CHECK(query.taken.rcode == rcode);
    CHECK((query.taken.question_size != 0) == question);
    CHECK(query.taken.edns == edns);
}

std::uint16_t reply_max(std::uint16_t announced, std::uint16_t own) {
    SampleQuery query;
    query.message = edns_message({}, {.udp_size = announced});
    const auto taken = take_in(*query.e, query.message, sample_key, {.udp_size = own});
    REQUIRE(taken.intake == Intake::query);
    return query.e->reply_max;
}

}  // namespace

TEST_CASE("host/intake: a plain query: fills in what plugins see") {
    const SampleQuery query{query_message(
        {.qname = "WWW.Example.org.", .qtype = dns::rr_type::aaaa, .bits = 0, .id = 0xBEEF})};
    const Exchange& e = *query.e;
    REQUIRE(query.taken.intake == Intake::query);
    CHECK(query.taken.question_size == wire_name("www.example.org.").size() + 4);
    CHECK(e.size == sizeof(loom_query));
    CHECK(e.id == 0xBEEF);
    CHECK(e.qtype == dns::rr_type::aaaa);
    CHECK(e.qclass == dns::rr_class::in);
    CHECK(e.opcode == 0);
    CHECK(e.phase == LOOM_PHASE_QUERY);
    CHECK(e.depth == 0);
    CHECK(e.flags == 0);
    CHECK(e.label_count == 3);
    CHECK(e.edns_udp_size == 0);
    CHECK(e.edns_options.size == 0);
    CHECK(e.reply_max == 512);
    CHECK(Octets(e.qname.data, e.qname.data + e.qname.size) == wire_name("WWW.Example.org."));
    CHECK(
        Octets(e.qname_lower.data, e.qname_lower.data + e.qname_lower.size) ==
        wire_name("www.example.org."));
    CHECK(e.wire.data == query.message.data());
    CHECK(e.wire.size == query.message.size());
    CHECK(e.suffix_hash[1] == hash_name(sample_key, name("example.org.")));
    CHECK(e.label_offset[1] == 4);
}

TEST_CASE("host/intake: any class and type: is a query") {
    CHECK(SampleQuery{query_message({.qclass = dns::rr_class::ch})}.taken.intake == Intake::query);
    CHECK(
        SampleQuery{query_message({.qtype = 65280, .qclass = 4711})}.taken.intake == Intake::query);
    CHECK(SampleQuery{query_message({.qname = "."})}.taken.intake == Intake::query);
}

TEST_CASE("host/intake: type OPT: is FORMERR") {
    check_error(query_message({.qtype = dns::rr_type::opt}), dns::rcode::formerr, true, false);
}

TEST_CASE("host/intake: less than a header: gets no reply") {
    for (std::size_t size = 0; size < 12; ++size)
        CHECK(SampleQuery{Octets(size, 0)}.taken.intake == Intake::ignore);
}

TEST_CASE("host/intake: a response: gets no reply, whatever else is wrong with it") {
    CHECK(SampleQuery{query_message({.bits = dns::flag::qr})}.taken.intake == Intake::ignore);
    Octets broken(12, 0xFF);
    CHECK(SampleQuery{broken}.taken.intake == Intake::ignore);
}

TEST_CASE("host/intake: opcodes: all but QUERY are NOTIMP") {
    for (std::uint16_t opcode = 1; opcode < 16; ++opcode) {
        const auto bits = static_cast<std::uint16_t>(opcode << 11U);
        check_error(query_message({.bits = bits}), dns::rcode::notimp, false, false);
    }
}

TEST_CASE("host/intake: no question: is FORMERR") {
    check_error(Octets(12, 0), dns::rcode::formerr, false, false);
}

TEST_CASE("host/intake: two questions: are FORMERR") {
    Octets message = query_message();
    const Octets question{message.begin() + 12, message.end()};
    message.insert(message.end(), question.begin(), question.end());
    add_to_count(message, 0);
    check_error(message, dns::rcode::formerr, false, false);
}

TEST_CASE("host/intake: a compressed question: is FORMERR") {
    Octets message = query_message();
    message[12] = 0xC0;
    message[13] = 12;
    check_error(message, dns::rcode::formerr, false, false);
}

TEST_CASE("host/intake: flags RD, CD and AD: are told apart") {
    const auto flags = [](std::uint16_t bits) {
        return SampleQuery{query_message({.bits = bits})}.e->flags;
    };
    CHECK(flags(dns::flag::rd) == LOOM_QUERY_RD);
    CHECK(flags(dns::flag::cd) == LOOM_QUERY_CD);
    CHECK(flags(dns::flag::ad) == LOOM_QUERY_AD);
    CHECK(flags(dns::flag::aa | dns::flag::tc | dns::flag::ra) == 0);
}

TEST_CASE("host/intake: OPT: fills in what the client said") {
    const SampleQuery query{
        edns_message({.bits = 0}, {.udp_size = 4000, .dnssec_ok = true, .options = {0, 3, 0, 0}})};
    REQUIRE(query.taken.intake == Intake::query);
    CHECK(query.taken.edns);
    CHECK(query.e->flags == (LOOM_QUERY_EDNS | LOOM_QUERY_DO));
    CHECK(query.e->edns_udp_size == 4000);
    REQUIRE(query.e->edns_options.size == 4);
    CHECK(query.e->edns_options.data[1] == 3);
}

TEST_CASE("host/intake: OPT without DO: leaves DO clear") {
    CHECK(SampleQuery{edns_message({.bits = 0})}.e->flags == LOOM_QUERY_EDNS);
}

TEST_CASE("host/intake: EDNS sizes: stay between 512 and the server's own") {
    CHECK(reply_max(0, 1232) == 512);
    CHECK(reply_max(511, 1232) == 512);
    CHECK(reply_max(513, 1232) == 513);
    CHECK(reply_max(1232, 1232) == 1232);
    CHECK(reply_max(1233, 1232) == 1232);
    CHECK(reply_max(65535, 4096) == 4096);
}

TEST_CASE("host/intake: a stream: has no limit but 65535, with and without EDNS") {
    const SampleQuery plain{query_message({.bits = 0}), true};
    CHECK(plain.e->reply_max == 65535);
    CHECK(plain.e->flags == LOOM_QUERY_STREAM);
    CHECK(SampleQuery{edns_message({}, {.udp_size = 512}), true}.e->reply_max == 65535);
}

TEST_CASE("host/intake: OPT twice: is FORMERR") {
    Octets message = edns_message();
    append_opt(message);
    check_error(message, dns::rcode::formerr, true, false);
}

TEST_CASE("host/intake: OPT in another section: is FORMERR") {
    check_error(edns_message({}, {.section = 1}), dns::rcode::formerr, true, false);
    check_error(edns_message({}, {.section = 2}), dns::rcode::formerr, true, false);
}

TEST_CASE("host/intake: OPT with an owner: is FORMERR") {
    Octets message = query_message();
    message.insert(message.end(), {1, 'x', 0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 0});
    add_to_count(message, 3);
    check_error(message, dns::rcode::formerr, true, false);
}

TEST_CASE("host/intake: OPT whose options go past its end: is FORMERR") {
    check_error(edns_message({}, {.options = {0, 3, 0, 1}}), dns::rcode::formerr, true, false);
    check_error(edns_message({}, {.options = {0, 3, 0}}), dns::rcode::formerr, true, false);
}

TEST_CASE("host/intake: another EDNS version: is BADVERS with the question and OPT") {
    check_error(edns_message({}, {.version = 1}), dns::rcode::badvers, true, true);
    check_error(edns_message({}, {.version = 255}), dns::rcode::badvers, true, true);
}

TEST_CASE("host/intake: OPT behind another additional record: is found") {
    Octets message = query_message();
    // TYPE65280 of the root, without data.
    message.insert(message.end(), {0, 255, 0, 0, 1, 0, 0, 0, 0, 0, 0});
    add_to_count(message, 3);
    append_opt(message, {.udp_size = 700});
    const SampleQuery query{message};
    REQUIRE(query.taken.intake == Intake::query);
    CHECK(query.e->edns_udp_size == 700);
}

TEST_CASE("host/intake: records that the header counts and that are not there: are FORMERR") {
    for (std::size_t section = 1; section <= 3; ++section) {
        Octets message = query_message();
        add_to_count(message, section);
        check_error(message, dns::rcode::formerr, true, false);
    }
}

TEST_CASE("host/intake: a message cut off anywhere: is an error or ignored") {
    const Octets whole = edns_message({}, {.options = {0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8}});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const Octets cut{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
        const SampleQuery query{cut};
        CHECK(query.taken.intake == (size < 12 ? Intake::ignore : Intake::error));
        CHECK(12U + query.taken.question_size <= std::max<std::size_t>(size, 12));
    }
}

TEST_CASE("host/intake: any octet changed to any value: is taken or refused") {
    const Octets whole = edns_message({}, {.options = {0, 3, 0, 2, 'i', 'd'}});
    SampleQuery query;
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (unsigned value = 0; value < 256; ++value) {
            Octets message = whole;
            message[at] = static_cast<std::uint8_t>(value);
            const auto taken = take_in(*query.e, message, sample_key, {});
            CHECK(12U + taken.question_size <= message.size());
            if (taken.intake == Intake::query) CHECK(query.e->qname.size <= message.size() - 16);
        }
    }
}
