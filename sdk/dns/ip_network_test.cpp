// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/dns/ip_network.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace {

using loom::dns::IpAddress;
using loom::dns::NetworkRanks;
using loom::dns::parse_address;
using loom::dns::parse_network;

std::string error_of(std::string_view text) {
    const auto network = parse_network(text);
    return network ? "" : network.error();
}

IpAddress address(std::string_view text) { return parse_address(text).value(); }

NetworkRanks ranks(std::initializer_list<std::string_view> texts) {
    std::vector<loom::dns::IpNetwork> networks;
    for (const auto text : texts) networks.push_back(parse_network(text).value());
    return NetworkRanks{networks};
}

}  // namespace

TEST_CASE("plugin/lb/network: parse_network: reads IPv4, IPv6 and single addresses") {
    CHECK(parse_network("192.0.2.0/24")->contains(address("192.0.2.255")));
    CHECK_FALSE(parse_network("192.0.2.0/24")->contains(address("192.0.3.0")));
    CHECK(parse_network("192.0.2.1")->contains(address("192.0.2.1")));
    CHECK_FALSE(parse_network("192.0.2.1")->contains(address("192.0.2.2")));
    CHECK(parse_network("2001:db8::/32")->contains(address("2001:db8:ffff::1")));
    CHECK(parse_network("::/0")->contains(address("192.0.2.1")));
    CHECK(parse_network("0.0.0.0/0")->contains(address("255.255.255.255")));
    CHECK_FALSE(parse_network("0.0.0.0/0")->contains(address("2001:db8::")));
}

TEST_CASE("plugin/lb/network: parse_network: says what to write instead") {
    CHECK(error_of("192.0.2.1/24").ends_with("write 192.0.2.0/24"));
    CHECK(error_of("2001:db8::1/32").ends_with("write 2001:db8::/32"));
    for (const auto* text :
         {"",
          "192.0.2.0/33",
          "192.0.2.0/",
          "192.0.2.0/-1",
          "2001:db8::/129",
          "192.0.2/24",
          "example.org",
          "192.0.2.0/2x"})
        CHECK(error_of(text).find("is no network") != std::string::npos);
}

TEST_CASE("plugin/lb/network: rank: is the first network in the list, however they overlap") {
    const auto inner_last = ranks({"10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32"});
    const auto inner_first = ranks({"10.1.0.0/16", "10.0.0.0/8", "::/0"});

    CHECK(inner_last.rank(address("10.1.2.3")) == 0);
    CHECK(inner_last.rank(address("2001:db8::1")) == 2);
    CHECK(inner_last.rank(address("11.0.0.0")) == NetworkRanks::none);
    CHECK(inner_last.rank(address("9.255.255.255")) == NetworkRanks::none);
    CHECK(inner_first.rank(address("10.1.2.3")) == 0);
    CHECK(inner_first.rank(address("10.0.0.0")) == 1);
    CHECK(inner_first.rank(address("10.255.255.255")) == 1);
    CHECK(inner_first.rank(address("192.0.2.1")) == 2);
    CHECK(inner_first.rank(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")) == 2);
    CHECK(NetworkRanks{}.rank(address("192.0.2.1")) == NetworkRanks::none);
}
