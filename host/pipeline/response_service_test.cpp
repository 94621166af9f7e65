// SPDX-License-Identifier: Apache-2.0
#include "response_service.hpp"
#include "sample_query.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace loom;
using namespace loom::host;

namespace {

constexpr const loom_response_1& service = response_service;

constexpr std::array<std::uint8_t, 4> ip{192, 0, 2, 1};

struct OwnedRecord {
    explicit OwnedRecord(
        std::string_view owner_name,
        std::uint16_t type = dns::rr_type::a,
        Octets data = {192, 0, 2, 1})
        : owner{wire_name(owner_name)},
          rdata{std::move(data)},
          record{
              {owner.data(), owner.size()},
              type,
              dns::rr_class::in,
              300,
              {rdata.data(), rdata.size()}} {}

    Octets owner;
    Octets rdata;
    loom_record record;
};

// A response message to query_message() with one address in the answer, compressed.
Octets response_message(std::uint16_t bits = dns::flag::qr | dns::flag::aa) {
    Octets message = query_message({.bits = bits, .id = 0x7777});
    message.insert(message.end(), {0xC0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4});
    message.insert(message.end(), ip.begin(), ip.end());
    add_to_count(message, 1);
    return message;
}

loom_status set_wire(SampleQuery& query, const Octets& message) {
    return service.set_wire(query.e.get(), {message.data(), message.size()});
}

std::span<const loom_record> records(SampleQuery& query, std::int32_t section) {
    const loom_record* first = nullptr;
    std::size_t count = 0;
    REQUIRE(service.records(query.e.get(), section, &first, &count) == LOOM_OK);
    return {first, count};
}

Octets octets(loom_bytes bytes) {
    return bytes.size == 0 ? Octets{} : Octets(bytes.data, bytes.data + bytes.size);
}

Octets wire(SampleQuery& query) {
    loom_bytes message{};
    REQUIRE(service.wire(query.e.get(), &message) == LOOM_OK);
    return octets(message);
}

}  // namespace

TEST_CASE("host/response: before a response: nothing but begin, buffer and set_wire works") {
    SampleQuery query;
    Exchange* e = query.e.get();
    const OwnedRecord a{"example.org."};
    const loom_record* first = nullptr;
    std::size_t count = 0;
    loom_bytes message{};
    CHECK(service.present(e) == 0);
    CHECK(service.add(e, LOOM_ANSWER, &a.record) == LOOM_E_STATE);
    CHECK(service.set_rcode(e, 3) == LOOM_E_STATE);
    CHECK(service.set_flags(e, LOOM_FLAG_AA, LOOM_FLAG_AA) == LOOM_E_STATE);
    CHECK(service.records(e, LOOM_ANSWER, &first, &count) == LOOM_E_STATE);
    CHECK(service.replace(e, LOOM_ANSWER, nullptr, 0) == LOOM_E_STATE);
    CHECK(service.wire(e, &message) == LOOM_E_STATE);
}

TEST_CASE("host/response: begin: is an empty response with rcode and flags") {
    SampleQuery query;
    REQUIRE(service.begin(query.e.get(), 3, LOOM_FLAG_AA | LOOM_FLAG_RA) == LOOM_OK);
    CHECK(service.present(query.e.get()) == 1);
    CHECK(service.rcode(query.e.get()) == 3);
    CHECK(service.flags(query.e.get()) == (LOOM_FLAG_AA | LOOM_FLAG_RA));
    for (const std::int32_t section : {LOOM_ANSWER, LOOM_AUTHORITY, LOOM_ADDITIONAL})
        CHECK(records(query, section).empty());
}

TEST_CASE("host/response: begin: drops the response that was there") {
    SampleQuery query;
    REQUIRE(set_wire(query, response_message()) == LOOM_OK);
    service.begin(query.e.get(), 0, 0);
    CHECK(records(query, LOOM_ANSWER).empty());
    CHECK(service.flags(query.e.get()) == 0);
}

TEST_CASE("host/response: begin: takes no header bits that are the host's") {
    SampleQuery query;
    service.begin(query.e.get(), 0, 0xFFFF);
    CHECK(
        service.flags(query.e.get()) ==
        (LOOM_FLAG_AA | LOOM_FLAG_TC | LOOM_FLAG_RA | LOOM_FLAG_AD | LOOM_FLAG_CD));
}

TEST_CASE("host/response: add: appends to its section, in order, beyond the first array") {
    SampleQuery query;
    service.begin(query.e.get(), 0, 0);
    std::vector<OwnedRecord> all;
    for (std::uint8_t i = 0; i < 40; ++i)
        all.emplace_back("www.example.org.", dns::rr_type::a, Octets{10, 0, 0, i});
    for (const auto& one : all)
        REQUIRE(service.add(query.e.get(), LOOM_ANSWER, &one.record) == LOOM_OK);
    const auto found = records(query, LOOM_ANSWER);
    REQUIRE(found.size() == 40);
    for (std::size_t i = 0; i < 40; ++i) CHECK(found[i].rdata.data == all[i].rdata.data());
    CHECK(records(query, LOOM_AUTHORITY).empty());
}

TEST_CASE("host/response: add: refuses sections and records that are none") {
    SampleQuery query;
    service.begin(query.e.get(), 0, 0);
    const OwnedRecord a{"example.org."};
    CHECK(service.add(query.e.get(), 0, &a.record) == LOOM_E_ARGUMENT);
    CHECK(service.add(query.e.get(), 4, &a.record) == LOOM_E_ARGUMENT);
    loom_record without_owner = a.record;
    without_owner.owner = {};
    CHECK(service.add(query.e.get(), LOOM_ANSWER, &without_owner) == LOOM_E_ARGUMENT);
    loom_record large = a.record;
    large.rdata.size = 65536;
    CHECK(service.add(query.e.get(), LOOM_ANSWER, &large) == LOOM_E_ARGUMENT);
}

TEST_CASE("host/response: wire: of records is a whole message with id 0") {
    SampleQuery query{query_message({.qname = "WwW.example.org.", .id = 0xABCD})};
    service.begin(query.e.get(), dns::rcode::nxdomain, LOOM_FLAG_AA);
    const OwnedRecord a{"www.example.org."};
    service.add(query.e.get(), LOOM_ADDITIONAL, &a.record);
    const Octets message = wire(query);
    auto reader = dns::MessageReader::open(message);
    REQUIRE(reader);
    CHECK(reader->header().id == 0);
    CHECK(
        reader->header().bits ==
        (dns::flag::qr | dns::flag::aa | dns::flag::rd | dns::rcode::nxdomain));
    const auto question = reader->question();
    REQUIRE((question && *question));
    CHECK((*question)->qname.to_string() == "WwW.example.org.");
    CHECK((*question)->qtype == dns::rr_type::a);
    const auto record = reader->next();
    REQUIRE((record && *record));
    CHECK((*record)->section == dns::Section::additional);
    CHECK((*record)->ttl == 300);
    CHECK(reader->offset() == message.size());
}

TEST_CASE("host/response: wire: is not truncated for the client") {
    SampleQuery query;
    service.begin(query.e.get(), 0, 0);
    const OwnedRecord large{"www.example.org.", 65280, Octets(2000, 'x')};
    REQUIRE(service.add(query.e.get(), LOOM_ANSWER, &large.record) == LOOM_OK);
    const Octets message = wire(query);
    CHECK(message.size() > 2000);
    CHECK((message[2] & 2U) == 0);
    CHECK(service.flags(query.e.get()) == 0);
}

TEST_CASE("host/response: wire: of more than the largest message says that it is cut off") {
    SampleQuery query{query_message(), true};
    service.begin(query.e.get(), 0, 0);
    const OwnedRecord large{"www.example.org.", 65280, Octets(30'000, 'x')};
    for (int i = 0; i < 3; ++i)
        REQUIRE(service.add(query.e.get(), LOOM_ANSWER, &large.record) == LOOM_OK);
    const Octets message = wire(query);
    CHECK(message.size() > 60'000);
    CHECK((message[2] & 2U) != 0);
}

TEST_CASE("host/response: wire: of a wire response has id 0 and what was set since") {
    SampleQuery query{query_message({.bits = 0})};
    REQUIRE(set_wire(query, response_message(dns::flag::qr)) == LOOM_OK);
    REQUIRE(service.set_rcode(query.e.get(), 2) == LOOM_OK);
    REQUIRE(service.set_flags(query.e.get(), LOOM_FLAG_RA, LOOM_FLAG_RA) == LOOM_OK);
    const Octets message = wire(query);
    CHECK(dns::load_u16(message.data()) == 0);
    CHECK(dns::load_u16(message.data() + 2) == (dns::flag::qr | dns::flag::ra | 2));
    const Octets before = response_message();
    CHECK(std::equal(before.begin() + 4, before.end(), message.begin() + 4, message.end()));
}

TEST_CASE("host/response: records to wire to records: are the same") {
    SampleQuery query;
    service.begin(query.e.get(), 0, LOOM_FLAG_AA);
    const OwnedRecord cname{"www.example.org.", dns::rr_type::cname, wire_name("web.example.org.")};
    const OwnedRecord a{"web.example.org."};
    Octets soa_data = wire_name("ns.example.org.");
    const Octets mbox = wire_name("hostmaster.example.org.");
    soa_data.insert(soa_data.end(), mbox.begin(), mbox.end());
    soa_data.resize(soa_data.size() + 20, 1);
    const OwnedRecord soa{"example.org.", dns::rr_type::soa, soa_data};
    service.add(query.e.get(), LOOM_ANSWER, &cname.record);
    service.add(query.e.get(), LOOM_ANSWER, &a.record);
    service.add(query.e.get(), LOOM_AUTHORITY, &soa.record);
    const Octets message = wire(query);
    // Names were compressed, so the conversion is a real one.
    CHECK(
        message.size() < 12 + 20 + cname.owner.size() + a.owner.size() + soa.owner.size() +
                             cname.rdata.size() + soa.rdata.size() + 30 + 4);
    const auto answer = records(query, LOOM_ANSWER);
    REQUIRE(answer.size() == 2);
    CHECK(octets(answer[0].owner) == cname.owner);
    CHECK(answer[0].type == dns::rr_type::cname);
    CHECK(answer[0].klass == dns::rr_class::in);
    CHECK(answer[0].ttl == 300);
    CHECK(octets(answer[0].rdata) == cname.rdata);
    CHECK(octets(answer[1].owner) == a.owner);
    const auto authority = records(query, LOOM_AUTHORITY);
    REQUIRE(authority.size() == 1);
    CHECK(octets(authority[0].rdata) == soa_data);
    CHECK(service.flags(query.e.get()) == LOOM_FLAG_AA);
    CHECK(wire(query) == message);
}

TEST_CASE("host/response: set_wire: takes rcode and flags from the message") {
    SampleQuery query;
    REQUIRE(
        set_wire(query, response_message(dns::flag::qr | dns::flag::aa | dns::flag::ad | 3)) ==
        LOOM_OK);
    CHECK(service.rcode(query.e.get()) == 3);
    CHECK(service.flags(query.e.get()) == (LOOM_FLAG_AA | LOOM_FLAG_AD));
}

TEST_CASE("host/response: set_wire: copies the message before it returns") {
    SampleQuery query;
    Octets message = response_message();
    REQUIRE(set_wire(query, message) == LOOM_OK);
    std::ranges::fill(message, 0xEE);
    REQUIRE(records(query, LOOM_ANSWER).size() == 1);
    CHECK(octets(records(query, LOOM_ANSWER)[0].rdata) == Octets(ip.begin(), ip.end()));
}

TEST_CASE("host/response: set_wire: takes messages larger than the client's room whole") {
    SampleQuery query;
    Octets message = query_message({.bits = dns::flag::qr});
    message.insert(message.end(), {0xC0, 12, 255, 0, 0, 1, 0, 0, 0, 0, 0x40, 0});
    message.resize(message.size() + 0x4000, 'z');
    add_to_count(message, 1);
    REQUIRE(set_wire(query, message) == LOOM_OK);
    CHECK(wire(query).size() == message.size());
}

TEST_CASE("host/response: set_wire: refuses what is no message") {
    SampleQuery query;
    CHECK(set_wire(query, Octets(11, 0)) == LOOM_E_ARGUMENT);
    CHECK(set_wire(query, Octets(65536, 0)) == LOOM_E_ARGUMENT);
    CHECK(service.present(query.e.get()) == 0);
}

TEST_CASE("host/response: records: of a malformed message fail and leave the response") {
    SampleQuery query;
    Octets message = response_message();
    message.resize(message.size() - 2);
    REQUIRE(set_wire(query, message) == LOOM_OK);
    const loom_record* first = nullptr;
    std::size_t count = 0;
    CHECK(service.records(query.e.get(), LOOM_ANSWER, &first, &count) < 0);
    CHECK(service.present(query.e.get()) == 1);
}

TEST_CASE("host/response: records: leave out an OPT record") {
    SampleQuery query;
    Octets message = response_message();
    append_opt(message);
    REQUIRE(set_wire(query, message) == LOOM_OK);
    CHECK(records(query, LOOM_ANSWER).size() == 1);
    CHECK(records(query, LOOM_ADDITIONAL).empty());
}

TEST_CASE("host/response: buffer and commit: make what was written the response") {
    SampleQuery query;
    std::uint8_t* room = nullptr;
    std::size_t size = 0;
    REQUIRE(service.buffer(query.e.get(), &room, &size) == LOOM_OK);
    CHECK(room == query.room.data());
    CHECK(size == 512);
    const Octets message = response_message(dns::flag::qr | 3);
    std::ranges::copy(message, room);
    CHECK(service.present(query.e.get()) == 0);
    REQUIRE(service.commit(query.e.get(), message.size()) == LOOM_OK);
    CHECK(service.rcode(query.e.get()) == 3);
    CHECK(records(query, LOOM_ANSWER).size() == 1);
}

TEST_CASE("host/response: buffer: leaves room for the OPT record and its options") {
    SampleQuery query{edns_message({}, {.udp_size = 1000})};
    std::uint8_t* room = nullptr;
    std::size_t size = 0;
    const std::uint8_t cookie[16] = {};
    service.buffer(query.e.get(), &room, &size);
    CHECK(size == 1000 - 11);
    REQUIRE(service.option(query.e.get(), 10, {cookie, 16}) == LOOM_OK);
    service.buffer(query.e.get(), &room, &size);
    CHECK(size == 1000 - 11 - 20);
}

TEST_CASE("host/response: buffer: keeps the response that stood there") {
    SampleQuery query;
    REQUIRE(set_wire(query, response_message()) == LOOM_OK);
    std::uint8_t* room = nullptr;
    std::size_t size = 0;
    REQUIRE(service.buffer(query.e.get(), &room, &size) == LOOM_OK);
    std::fill_n(room, size, std::uint8_t{0xEE});
    CHECK(records(query, LOOM_ANSWER).size() == 1);
}

TEST_CASE("host/response: commit: refuses less than a header and more than the room") {
    SampleQuery query;
    std::uint8_t* room = nullptr;
    std::size_t size = 0;
    REQUIRE(service.buffer(query.e.get(), &room, &size) == LOOM_OK);
    CHECK(service.commit(query.e.get(), 11) == LOOM_E_ARGUMENT);
    CHECK(service.commit(query.e.get(), size + 1) == LOOM_E_ARGUMENT);
    CHECK(service.present(query.e.get()) == 0);
}

TEST_CASE("host/response: set_rcode: takes 12 bits") {
    SampleQuery query;
    service.begin(query.e.get(), 0, 0);
    CHECK(service.set_rcode(query.e.get(), 4095) == LOOM_OK);
    CHECK(service.rcode(query.e.get()) == 4095);
    CHECK(service.set_rcode(query.e.get(), 4096) == LOOM_E_ARGUMENT);
    CHECK(service.rcode(query.e.get()) == 4095);
}

TEST_CASE("host/response: set_flags: changes the flags of the mask only") {
    SampleQuery query;
    service.begin(query.e.get(), 0, LOOM_FLAG_AA);
    CHECK(service.set_flags(query.e.get(), LOOM_FLAG_AD, 0xFFFF) == LOOM_OK);
    CHECK(service.flags(query.e.get()) == (LOOM_FLAG_AA | LOOM_FLAG_AD));
    CHECK(service.set_flags(query.e.get(), LOOM_FLAG_AA, 0) == LOOM_OK);
    CHECK(service.flags(query.e.get()) == LOOM_FLAG_AD);
}

TEST_CASE("host/response: set_flags: refuses bits that are the host's") {
    SampleQuery query;
    service.begin(query.e.get(), 0, 0);
    for (const std::uint16_t mask :
         {dns::flag::qr, dns::flag::rd, std::uint16_t{1}, std::uint16_t{0x0800}})
        CHECK(service.set_flags(query.e.get(), mask, mask) == LOOM_E_ARGUMENT);
}

TEST_CASE("host/response: replace: puts other records in a section's place") {
    SampleQuery query;
    REQUIRE(set_wire(query, response_message()) == LOOM_OK);
    const OwnedRecord one{"one.example.org."};
    const OwnedRecord two{"two.example.org."};
    std::vector<loom_record> list{one.record, two.record};
    REQUIRE(service.replace(query.e.get(), LOOM_ANSWER, list.data(), 2) == LOOM_OK);
    list.clear();  // The array is copied.
    const auto found = records(query, LOOM_ANSWER);
    REQUIRE(found.size() == 2);
    CHECK(found[1].owner.data == two.owner.data());
    const OwnedRecord three{"three.example.org."};
    REQUIRE(service.add(query.e.get(), LOOM_ANSWER, &three.record) == LOOM_OK);
    CHECK(records(query, LOOM_ANSWER).size() == 3);
}

TEST_CASE("host/response: replace: with nothing empties a section and leaves the others") {
    SampleQuery query;
    service.begin(query.e.get(), 0, 0);
    const OwnedRecord a{"example.org."};
    service.add(query.e.get(), LOOM_ANSWER, &a.record);
    service.add(query.e.get(), LOOM_ADDITIONAL, &a.record);
    REQUIRE(service.replace(query.e.get(), LOOM_ANSWER, nullptr, 0) == LOOM_OK);
    CHECK(records(query, LOOM_ANSWER).empty());
    CHECK(records(query, LOOM_ADDITIONAL).size() == 1);
}

TEST_CASE("host/response: option: options follow one another as in the OPT record") {
    SampleQuery query{edns_message()};
    const Octets id{'n', 's', '1'};
    REQUIRE(service.option(query.e.get(), 3, {id.data(), id.size()}) == LOOM_OK);
    REQUIRE(service.option(query.e.get(), 12, {}) == LOOM_OK);
    CHECK(octets(service.options(query.e.get())) == Octets{0, 3, 0, 3, 'n', 's', '1', 0, 12, 0, 0});
}

TEST_CASE("host/response: option: without room the options stay as they were") {
    SampleQuery query{edns_message()};
    const Octets large(600, 1);
    REQUIRE(service.option(query.e.get(), 12, {large.data(), large.size()}) == LOOM_OK);
    CHECK(service.option(query.e.get(), 12, {large.data(), large.size()}) == LOOM_E_LIMIT);
    CHECK(service.options(query.e.get()).size == 604);
    const Octets huge(70000, 1);
    CHECK(service.option(query.e.get(), 12, {huge.data(), huge.size()}) == LOOM_E_LIMIT);
}

TEST_CASE("host/response: extended_error: is option 15 with the code and the text") {
    SampleQuery query{edns_message()};
    REQUIRE(service.extended_error(query.e.get(), 18, {"no", 2}) == LOOM_OK);
    REQUIRE(service.extended_error(query.e.get(), 22, {}) == LOOM_OK);
    CHECK(
        octets(service.options(query.e.get())) ==
        Octets{0, 15, 0, 4, 0, 18, 'n', 'o', 0, 15, 0, 2, 0, 22});
}

TEST_CASE("host/response: extended_error: refuses a text of more than 255 octets") {
    SampleQuery query{edns_message()};
    const std::string text(256, 'x');
    CHECK(service.extended_error(query.e.get(), 0, {text.data(), 256}) == LOOM_E_ARGUMENT);
    CHECK(service.extended_error(query.e.get(), 0, {text.data(), 255}) == LOOM_OK);
}

TEST_CASE("host/response: leave_send_buffer: the response outlives the buffer") {
    SampleQuery query;
    REQUIRE(set_wire(query, response_message()) == LOOM_OK);
    leave_send_buffer(*query.e);
    std::ranges::fill(query.room, 0xEE);
    CHECK(records(query, LOOM_ANSWER).size() == 1);
}
