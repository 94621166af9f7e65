// SPDX-License-Identifier: Apache-2.0
#include "reply.hpp"
#include "response_service.hpp"
#include "sample_query.hpp"

#include <dnsloom/dns/edns.hpp>

#include <doctest/doctest.h>

#include <optional>

using namespace loom;
using namespace loom::host;

namespace {

constexpr const loom_response_1& service = response_service;
constexpr std::uint16_t own_size = 1232;

Octets reply(SampleQuery& query) {
    const std::size_t size = write_reply(*query.e, own_size);
    return {query.room.begin(), query.room.begin() + static_cast<std::ptrdiff_t>(size)};
}

dns::Header header(const Octets& message) { return dns::Header::read(message).value(); }

std::optional<dns::Opt> opt_of(const Octets& message) { return dns::find_opt(message).value(); }

Octets
error_reply(const Octets& message, std::size_t question_size, std::uint16_t rcode, bool edns) {
    Octets out(600, 0xEE);
    out.resize(write_error_reply(message, question_size, rcode, edns, own_size, out));
    return out;
}

void add_texts(SampleQuery& query, std::size_t count, std::size_t size) {
    static const Octets data(4000, 'x');
    const loom_record record{query.e->qname, 65280, dns::rr_class::in, 60, {data.data(), size}};
    for (std::size_t i = 0; i < count; ++i)
        REQUIRE(service.add(query.e.get(), LOOM_ANSWER, &record) == LOOM_OK);
}

// A message with `count` records of about `size` octets, from somewhere else.
Octets large_message(std::size_t count, std::size_t size) {
    Octets message = query_message({.bits = dns::flag::qr, .id = 0});
    for (std::size_t i = 0; i < count; ++i) {
        message.insert(
            message.end(), {0xC0, 12, 255, static_cast<std::uint8_t>(i), 0, 1, 0, 0, 0, 60});
        put_u16(message, static_cast<std::uint16_t>(size));
        message.resize(message.size() + size, 'x');
        add_to_count(message, 1);
    }
    return message;
}

}  // namespace

TEST_CASE("host/reply: records: have the client's id, question and spelling") {
    SampleQuery query{query_message({.qname = "wWw.eXample.org.", .id = 0xBEEF})};
    service.begin(query.e.get(), dns::rcode::nxdomain, LOOM_FLAG_AA);
    const Octets message = reply(query);
    CHECK(header(message).id == 0xBEEF);
    CHECK(
        header(message).bits ==
        (dns::flag::qr | dns::flag::aa | dns::flag::rd | dns::rcode::nxdomain));
    CHECK(header(message).questions == 1);
    CHECK(std::equal(
        query.message.begin() + 12, query.message.end(), message.begin() + 12, message.end()));
}

TEST_CASE("host/reply: a wire response: gets the client's id and spelling") {
    SampleQuery query{query_message({.qname = "WWW.example.ORG.", .id = 0xBEEF})};
    const Octets cached = query_message({.bits = dns::flag::qr | dns::flag::ra, .id = 0x1111});
    REQUIRE(service.set_wire(query.e.get(), {cached.data(), cached.size()}) == LOOM_OK);
    const Octets message = reply(query);
    CHECK(header(message).id == 0xBEEF);
    CHECK(header(message).bits == (dns::flag::qr | dns::flag::ra | dns::flag::rd));
    CHECK(std::equal(
        query.message.begin() + 12, query.message.end(), message.begin() + 12, message.end()));
}

TEST_CASE("host/reply: RD and CD: are the client's") {
    SampleQuery query{query_message({.bits = dns::flag::cd})};
    const Octets cached = query_message({.bits = dns::flag::qr | dns::flag::rd});
    REQUIRE(service.set_wire(query.e.get(), {cached.data(), cached.size()}) == LOOM_OK);
    CHECK(header(reply(query)).bits == (dns::flag::qr | dns::flag::cd));
}

TEST_CASE("host/reply: no response: is REFUSED") {
    SampleQuery query;
    CHECK(header(reply(query)).rcode() == dns::rcode::refused);
}

TEST_CASE("host/reply: a query without EDNS: gets no OPT record and no options") {
    SampleQuery query;
    service.begin(query.e.get(), 0, 0);
    service.extended_error(query.e.get(), 18, {});
    CHECK_FALSE(opt_of(reply(query)));
}

TEST_CASE("host/reply: a query with EDNS: gets an OPT record with the server's size") {
    SampleQuery query{edns_message({}, {.udp_size = 4096})};
    service.begin(query.e.get(), 0, 0);
    service.extended_error(query.e.get(), 18, {});
    const Octets message = reply(query);
    const auto opt = opt_of(message);
    REQUIRE(opt);
    CHECK(opt->udp_size == own_size);
    CHECK(opt->version == 0);
    CHECK_FALSE(opt->dnssec_ok());
    CHECK(opt->options.find(15).has_value());
    CHECK(header(message).count(dns::Section::additional) == 1);
}

TEST_CASE("host/reply: DO: is copied (RFC 3225 section 3)") {
    SampleQuery query{edns_message({}, {.dnssec_ok = true})};
    service.begin(query.e.get(), 0, 0);
    CHECK(opt_of(reply(query))->dnssec_ok());
}

TEST_CASE("host/reply: a large rcode: is split between header and OPT record") {
    SampleQuery query{edns_message()};
    service.begin(query.e.get(), 0xABC, 0);
    const Octets message = reply(query);
    CHECK(header(message).rcode() == 0xC);
    CHECK(opt_of(message)->extended_rcode == 0xAB);
}

TEST_CASE("host/reply: a large rcode without EDNS: is SERVFAIL") {
    SampleQuery query;
    service.begin(query.e.get(), 16, 0);
    CHECK(header(reply(query)).rcode() == dns::rcode::servfail);
}

TEST_CASE("host/reply: records that do not fit into 512 octets: TC is set") {
    SampleQuery query;
    service.begin(query.e.get(), 0, 0);
    add_texts(query, 10, 100);
    const Octets message = reply(query);
    CHECK(message.size() <= 512);
    CHECK(header(message).has(dns::flag::tc));
    auto reader = dns::MessageReader::open(message);
    while (true) {
        const auto record = reader->next();
        REQUIRE(record);
        if (!*record) break;
    }
    CHECK(reader->offset() == message.size());
}

TEST_CASE("host/reply: additional records that do not fit: are left out by RRset, without TC") {
    SampleQuery query;
    service.begin(query.e.get(), 0, 0);
    add_texts(query, 1, 100);
    static const Octets data(100, 'x');
    const Octets other = wire_name("other.example.org.");
    for (const std::uint16_t type :
         std::initializer_list<std::uint16_t>{65281, 65282, 65282, 65282}) {
        const loom_record record{
            {other.data(), other.size()}, type, dns::rr_class::in, 60, {data.data(), data.size()}};
        REQUIRE(service.add(query.e.get(), LOOM_ADDITIONAL, &record) == LOOM_OK);
    }
    const Octets message = reply(query);
    CHECK_FALSE(header(message).has(dns::flag::tc));
    CHECK(header(message).count(dns::Section::answer) == 1);
    CHECK(header(message).count(dns::Section::additional) == 1);
}

TEST_CASE("host/reply: glue of a referral that does not fit: TC is set (RFC 9471 section 3.1)") {
    SampleQuery query;
    service.begin(query.e.get(), 0, 0);
    const Octets target = wire_name("ns.example.org.");
    const loom_record delegation{
        query.e->qname, dns::rr_type::ns, dns::rr_class::in, 60, {target.data(), target.size()}};
    REQUIRE(service.add(query.e.get(), LOOM_AUTHORITY, &delegation) == LOOM_OK);
    static const Octets data(300, 'x');
    for (int i = 0; i < 2; ++i) {
        const loom_record glue{
            {target.data(), target.size()},
            65281,
            dns::rr_class::in,
            60,
            {data.data(), data.size()}};
        REQUIRE(service.add(query.e.get(), LOOM_ADDITIONAL, &glue) == LOOM_OK);
    }
    const Octets message = reply(query);
    CHECK(header(message).has(dns::flag::tc));
    CHECK(header(message).count(dns::Section::authority) == 1);
}

TEST_CASE("host/reply: records that just fit: TC is not set") {
    SampleQuery query;
    service.begin(query.e.get(), 0, 0);
    add_texts(query, 1, 512 - query.message.size() - 12);
    const Octets message = reply(query);
    CHECK(message.size() == 512);
    CHECK_FALSE(header(message).has(dns::flag::tc));
}

TEST_CASE("host/reply: a wire response too large: is truncated with TC") {
    SampleQuery query;
    const Octets large = large_message(6, 100);
    REQUIRE(service.set_wire(query.e.get(), {large.data(), large.size()}) == LOOM_OK);
    const Octets message = reply(query);
    CHECK(message.size() <= 512);
    CHECK(header(message).has(dns::flag::tc));
    CHECK(header(message).count(dns::Section::answer) == 4);
}

TEST_CASE("host/reply: truncated with EDNS: the OPT record stays and all is within the limit") {
    for (const bool as_records : {true, false}) {
        SampleQuery query{edns_message({}, {.udp_size = 600})};
        if (as_records) {
            service.begin(query.e.get(), 0, 0);
            add_texts(query, 6, 100);
        } else {
            const Octets large = large_message(6, 100);
            service.set_wire(query.e.get(), {large.data(), large.size()});
        }
        service.extended_error(query.e.get(), 18, {"why", 3});
        const Octets message = reply(query);
        CHECK(message.size() <= 600);
        CHECK(header(message).has(dns::flag::tc));
        REQUIRE(opt_of(message));
        CHECK(opt_of(message)->options.find(15).has_value());
    }
}

TEST_CASE("host/reply: an option given after the answer: makes it give way") {
    SampleQuery query{edns_message({}, {.udp_size = 512})};
    const Octets large = large_message(4, 104);  // Fits with a bare OPT record.
    REQUIRE(large.size() + 11 <= 512);
    REQUIRE(service.set_wire(query.e.get(), {large.data(), large.size()}) == LOOM_OK);
    service.extended_error(query.e.get(), 18, {"a reason", 8});
    const Octets message = reply(query);
    CHECK(message.size() <= 512);
    CHECK(opt_of(message).has_value());
    CHECK(header(message).has(dns::flag::tc));
}

TEST_CASE("host/reply: a stream: takes the largest message") {
    SampleQuery query{query_message(), true};
    const Octets large = large_message(16, 4000);
    REQUIRE(service.set_wire(query.e.get(), {large.data(), large.size()}) == LOOM_OK);
    CHECK(reply(query).size() == large.size());
}

TEST_CASE("host/reply: a malformed wire response too large: is SERVFAIL") {
    SampleQuery query;
    Octets large = large_message(6, 100);
    large.resize(large.size() - 10);
    REQUIRE(service.set_wire(query.e.get(), {large.data(), large.size()}) == LOOM_OK);
    const Octets message = reply(query);
    CHECK(header(message).rcode() == dns::rcode::servfail);
    CHECK(header(message).count(dns::Section::answer) == 0);
}

TEST_CASE("host/reply: options that leave no room for a message: are left out") {
    SampleQuery query{edns_message({}, {.udp_size = 512})};
    service.begin(query.e.get(), 0, 0);
    const Octets large(900, 1);
    REQUIRE(service.option(query.e.get(), 12, {large.data(), large.size()}) == LOOM_OK);
    const Octets message = reply(query);
    CHECK(message.size() <= 512);
    REQUIRE(opt_of(message));
    CHECK(opt_of(message)->options.empty());
}

TEST_CASE("host/reply: an error: is header and rcode with the client's id, opcode, RD and CD") {
    const Octets message = error_reply(
        query_message(
            {.bits = 0x2000 | dns::flag::rd | dns::flag::cd | dns::flag::aa | dns::flag::ad}),
        0,
        dns::rcode::notimp,
        false);
    REQUIRE(message.size() == 12);
    CHECK(header(message).id == 0x1234);
    CHECK(
        header(message).bits ==
        (dns::flag::qr | 0x2000 | dns::flag::rd | dns::flag::cd | dns::rcode::notimp));
    CHECK(header(message).questions == 0);
}

TEST_CASE("host/reply: an error with the question: repeats it") {
    const Octets query = query_message({.qname = "wWw.example.org."});
    const Octets message = error_reply(query, query.size() - 12, dns::rcode::formerr, false);
    CHECK(message.size() == query.size());
    CHECK(header(message).questions == 1);
    CHECK(std::equal(query.begin() + 12, query.end(), message.begin() + 12));
}

TEST_CASE("host/reply: BADVERS: stands in an OPT record of version 0") {
    const Octets query = edns_message({}, {.version = 3});
    const SampleQuery taken{query};
    const Octets message = error_reply(query, taken.taken.question_size, dns::rcode::badvers, true);
    const auto opt = opt_of(message);
    REQUIRE(opt);
    CHECK(header(message).rcode() == 0);
    CHECK(opt->extended_rcode == 1);
    CHECK(opt->version == 0);
    CHECK(opt->udp_size == own_size);
}

TEST_CASE("host/reply: an error without room: is nothing") {
    const Octets query = query_message();
    Octets out(20);
    CHECK(write_error_reply(query, query.size() - 12, 1, false, own_size, out) == 0);
    CHECK(write_error_reply(Octets(11, 0), 0, 1, false, own_size, out) == 0);
}
