// SPDX-License-Identifier: Apache-2.0
#include "cidr.hpp"

#include <doctest/doctest.h>

using namespace loom::host;

namespace {

std::string zones(std::string_view text) {
    const auto all = parse_zones(text);
    if (!all) return all.error();
    std::string shown;
    for (const auto& zone : *all) shown += (shown.empty() ? "" : " ") + zone.to_string();
    return shown;
}

}  // namespace

TEST_CASE("config/cidr: a name: is one zone in lower case") {
    CHECK(zones("Example.ORG") == "example.org.");
    CHECK(zones(".") == ".");
    CHECK(zones("0/25.2.0.192.in-addr.arpa") == "0/25.2.0.192.in-addr.arpa.");  // RFC 2317.
}

TEST_CASE("config/cidr: a block: gives its reverse zones") {
    CHECK(zones("10.0.0.0/8") == "10.in-addr.arpa.");
    CHECK(zones("192.0.2.0/24") == "2.0.192.in-addr.arpa.");
    CHECK(zones("192.0.2.0/23") == "2.0.192.in-addr.arpa. 3.0.192.in-addr.arpa.");
    CHECK(zones("0.0.0.0/0") == "in-addr.arpa.");
    CHECK(zones("2001:db8::/32") == "8.b.d.0.1.0.0.2.ip6.arpa.");
    CHECK(zones("2001:db8::/31") == "8.b.d.0.1.0.0.2.ip6.arpa. 9.b.d.0.1.0.0.2.ip6.arpa.");
    CHECK(parse_zones("10.0.0.0/9")->size() == 128);
}

TEST_CASE("config/cidr: what is wrong: is said") {
    CHECK(
        zones("10.0.0.1/24") ==
        "\"10.0.0.1/24\" has bits set behind its length: write \"10.0.0.0/24\"");
    CHECK(zones("10.0.0.0/33") == "\"10.0.0.0/33\" has no length from 0 to 32 behind the slash");
    CHECK(
        zones("192.0.2.1") ==
        "\"192.0.2.1\" is an address: write \"192.0.2.1/32\" for its reverse zone");
    CHECK(zones("a..b").starts_with("\"a..b\" is neither a domain name nor a CIDR block: "));
}
