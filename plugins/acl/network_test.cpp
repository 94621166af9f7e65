// SPDX-License-Identifier: Apache-2.0
#include "network.hpp"
#include "network_file.hpp"

#include <doctest/doctest.h>

#include <cstring>

using namespace loom::acl;

namespace {

bool is(std::string_view text, Family family, std::uint64_t high, std::uint64_t low, int length) {
    const auto network = Network::parse(text);
    return network && network->family == family && network->bits.high == high &&
           network->bits.low == low && network->length == length;
}

}  // namespace

TEST_CASE("plugin/acl: Network::parse: reads prefixes and addresses, and clears what is behind") {
    CHECK(is("192.0.2.0/24", Family::ipv4, 0xC000'0200'0000'0000, 0, 24));
    CHECK(is("192.0.2.77/24", Family::ipv4, 0xC000'0200'0000'0000, 0, 24));
    CHECK(is("192.0.2.1", Family::ipv4, 0xC000'0201'0000'0000, 0, 32));
    CHECK(is("0.0.0.0/0", Family::ipv4, 0, 0, 0));
    CHECK(is("2001:db8::/32", Family::ipv6, 0x2001'0db8'0000'0000, 0, 32));
    CHECK(is("2001:db8::1", Family::ipv6, 0x2001'0db8'0000'0000, 1, 128));
    CHECK(is("2001:db8::ff/121", Family::ipv6, 0x2001'0db8'0000'0000, 0x80, 121));
    CHECK(is("2001:db8::1/64", Family::ipv6, 0x2001'0db8'0000'0000, 0, 64));
    CHECK(is("::/0", Family::ipv6, 0, 0, 0));
}

TEST_CASE("plugin/acl: Network::parse: mapped addresses are IPv4") {
    CHECK(is("::ffff:192.0.2.1", Family::ipv4, 0xC000'0201'0000'0000, 0, 32));
    CHECK(is("::ffff:192.0.2.0/120", Family::ipv4, 0xC000'0200'0000'0000, 0, 24));
    CHECK(is("::ffff:0:0/80", Family::ipv6, 0, 0, 80));
}

TEST_CASE("plugin/acl: Network::parse: refuses what is none") {
    for (const auto* text :
         {"",
          "/",
          "192.0.2.0/33",
          "192.0.2.0/",
          "192.0.2.0/-1",
          "192.0.2.0/8x",
          "192.0.2",
          "::/129",
          "example.org",
          "fe80::1%eth0",
          " 192.0.2.1"})
        CHECK_FALSE(Network::parse(text));
    CHECK(Network::parse("x").error().find("192.0.2.0/24") != std::string::npos);
}

TEST_CASE("plugin/acl: Address::of: tells the families apart by the octets") {
    loom_address address{};
    const std::uint8_t mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};
    std::memcpy(address.ip, mapped, sizeof mapped);
    address.family = 6;  // As on a socket for both.
    CHECK(Address::of(address).family == Family::ipv4);
    CHECK(Address::of(address).bits.high == 0xC000'0201'0000'0000);

    address.ip[0] = 0x20;
    CHECK(Address::of(address).family == Family::ipv6);
    CHECK(Address::of(address).bits.low == 0x0000'ffff'c000'0201);
}

TEST_CASE("plugin/acl: AddressBits::take: goes through all bits and on to zeros") {
    AddressBits bits{0x8000'0000'0000'0001, 0xC000'0000'0000'0003};
    CHECK(bits.take(1) == 1);
    CHECK(bits.take(62) == 0);
    CHECK(bits.take(3) == 7);
    CHECK(bits.take(60) == 0);
    CHECK(bits.take(6) == 0x30);
    CHECK(bits.take(12) == 0);
}

TEST_CASE("plugin/acl: parse_networks: one a line, with comments and blanks") {
    const auto networks =
        parse_networks("# all\n192.0.2.0/24\r\n\n  2001:db8::/32 # us\n\t10.0.0.1", "file", 10);
    REQUIRE(networks);
    CHECK(networks->size() == 3);
}

TEST_CASE("plugin/acl: parse_networks: names the place of a mistake") {
    CHECK(parse_networks("10.0.0.0/8\n\nhost", "f.txt", 10).error().starts_with("f.txt:3: "));
    CHECK(parse_networks("10.0.0.1\n10.0.0.2\n", "f.txt", 1).error().starts_with("f.txt:2: more"));
}
