// SPDX-License-Identifier: Apache-2.0
#include "test_octets.hpp"

#include <dnsloom/dns/header.hpp>

#include <doctest/doctest.h>

namespace loom::dns {

TEST_CASE("dns/header: read and write: every field has its place") {
    const Octets octets = octets_of("1234 8583 0001 0002 0003 0004");

    const auto header = Header::read(octets);

    REQUIRE(header);
    CHECK(header->id == 0x1234);
    CHECK(header->has(flag::qr | flag::aa | flag::rd | flag::ra));
    CHECK_FALSE(header->has(flag::tc));
    CHECK_FALSE(header->has(flag::qr | flag::tc));
    CHECK(header->rcode() == rcode::nxdomain);
    CHECK(header->questions == 1);
    CHECK(header->count(Section::answer) == 2);
    CHECK(header->count(Section::authority) == 3);
    CHECK(header->count(Section::additional) == 4);
    Octets back(12);
    header->write(back);
    CHECK(back == octets);
}

TEST_CASE("dns/header: read: less than 12 octets are no header") {
    CHECK_FALSE(Header::read(Octets(11)));
    CHECK(Header::read(Octets(12)));
}

TEST_CASE("dns/header: opcode and rcode: leave the other bits alone") {
    Header header;
    header.bits = 0xFFFF;
    header.set_opcode(opcode::notify);
    header.set_rcode(rcode::badvers | rcode::refused);
    CHECK(header.bits == 0xA7F5);
    CHECK(header.opcode() == opcode::notify);
    header.clear(flag::qr);
    CHECK(header.bits == 0x27F5);
    header.set(flag::qr);
    CHECK(header.bits == 0xA7F5);
}

TEST_CASE("dns/header: response: keeps id, opcode, RD and CD only") {
    Header query;
    query.id = 7;
    query.bits = 0x7FFF;
    query.questions = 1;
    query.records = {1, 1, 1};

    const Header response = query.response();

    CHECK(response.id == 7);
    CHECK(response.bits == (0xF800 | flag::rd | flag::cd));
    CHECK(response.questions == 0);
    CHECK(response.records == std::array<std::uint16_t, 3>{});
}

TEST_CASE("dns/header: patch_id: changes two octets") {
    Octets message = octets_of("0000 8583 0001");
    patch_id(message, 0xABCD);
    CHECK(message == octets_of("ABCD 8583 0001"));
}

}  // namespace loom::dns
