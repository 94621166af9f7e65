// SPDX-License-Identifier: Apache-2.0
#include "prefix.hpp"

#include <dnsloom/dns/ip_network.hpp>
#include <dnsloom/dns/name.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace {

using namespace loom::dns64;

Ipv6 ipv6(std::string_view text) { return loom::dns::parse_address(text)->octets(); }

std::string error_of(std::string_view text) {
    const auto prefix = Prefix::parse(text);
    return prefix ? "" : prefix.error();
}

}  // namespace

// The examples of RFC 6052 section 2.4.
TEST_CASE("plugin/dns64/prefix: embed and extract: give the examples of RFC 6052") {
    constexpr std::pair<std::string_view, std::string_view> examples[] = {
        {"2001:db8::/32", "2001:db8:c000:221::"},
        {"2001:db8:100::/40", "2001:db8:1c0:2:21::"},
        {"2001:db8:122::/48", "2001:db8:122:c000:2:2100::"},
        {"2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"},
        {"2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"},
        {"2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"},
        {"64:ff9b::/96", "64:ff9b::192.0.2.33"}};
    constexpr Ipv4 address{192, 0, 2, 33};
    for (const auto& [text, translated] : examples) {
        CAPTURE(text);
        const auto prefix = Prefix::parse(text).value();
        CHECK(prefix.embed(address) == ipv6(translated));
        CHECK(prefix.extract(ipv6(translated)) == address);
    }
}

TEST_CASE("plugin/dns64/prefix: extract: refuses other prefixes and a used octet 8") {
    const auto prefix = Prefix::parse("2001:db8::/32").value();

    CHECK_FALSE(prefix.extract(ipv6("2001:db9:c000:221::")));
    CHECK_FALSE(prefix.extract(ipv6("2001:db8:c000:221:100::")));
    CHECK(prefix.extract(ipv6("2001:db8:c000:221::1")));
}

TEST_CASE("plugin/dns64/prefix: parse: refuses other lengths and says what to write") {
    for (const auto* text :
         {"64:ff9b::/64x", "64:ff9b::/95", "2001:db8::/72", "::/0", "10.0.0.0/8"})
        CHECK_FALSE(error_of(text).empty());
    CHECK(error_of("2001:db8::/72").find("32, 40, 48, 56, 64 or 96") != std::string::npos);
    CHECK(error_of("2001:db8::1/96").find("write 2001:db8::/96") != std::string::npos);
    CHECK(error_of("2001:db8:0:0:100::/96").find("between 64 and 71") != std::string::npos);
}

TEST_CASE("plugin/dns64/prefix: read_ip6_arpa: reads whole addresses only") {
    const auto name = [](std::string_view text) { return *loom::dns::Name::from_text(text); };
    const auto whole =
        name("1.2.0.0.0.0.0.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa");
    const auto part = name("9.f.f.4.6.0.0.ip6.arpa");
    const auto bad =
        name("g.2.0.0.0.0.0.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa");
    const auto other =
        name("1.2.0.0.0.0.0.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpb");

    CHECK(read_ip6_arpa(whole.octets()) == ipv6("64:ff9b::c000:21"));
    CHECK_FALSE(read_ip6_arpa(part.octets()));
    CHECK_FALSE(read_ip6_arpa(bad.octets()));
    CHECK_FALSE(read_ip6_arpa(other.octets()));
}

TEST_CASE("plugin/dns64/prefix: InAddrArpa: is the name of an address") {
    const InAddrArpa name{{192, 0, 2, 33}};
    const InAddrArpa longest{{255, 255, 255, 255}};

    CHECK(loom::dns::NameView::check(name.octets())->to_string() == "33.2.0.192.in-addr.arpa.");
    CHECK(
        loom::dns::NameView::check(longest.octets())->to_string() ==
        "255.255.255.255.in-addr.arpa.");
}
