// SPDX-License-Identifier: Apache-2.0
#include "weights.hpp"

#include <dnsloom/dns/ip_network.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace {

using loom::Bytes;
using loom::lb::WeightTable;

// All names collide, so that finding has to compare.
std::uint64_t hash(Bytes) { return 7; }

std::string error_of(std::string_view text) {
    const auto table = WeightTable::parse(text, hash);
    return table ? "" : table.error();
}

std::uint32_t weight(const WeightTable& table, std::string_view name, std::string_view address) {
    const auto wire = loom::dns::Name::from_text(name).value();
    const auto* found = table.find(7, wire.octets());
    return found == nullptr ? 0 : found->weight(loom::dns::parse_address(address).value());
}

}  // namespace

TEST_CASE("plugin/lb/weights: parse: reads CoreDNS's format") {
    const auto table = WeightTable::parse(
        "# a comment\n"
        "WWW.example.org   # the name\n"
        "\t192.0.2.1 3\r\n"
        "192.0.2.2 255\n"
        "2001:db8::1 2\n"
        "\n"
        "mail.example.org.\n"
        "192.0.2.1 9",
        hash);

    REQUIRE(table);
    CHECK(table->size() == 2);
    CHECK(weight(*table, "www.example.org", "192.0.2.1") == 3);
    CHECK(weight(*table, "www.example.org", "192.0.2.2") == 255);
    CHECK(weight(*table, "www.example.org", "2001:db8::1") == 2);
    CHECK(weight(*table, "www.example.org", "192.0.2.9") == 1);
    CHECK(weight(*table, "mail.example.org", "192.0.2.1") == 9);
    CHECK(weight(*table, "example.org", "192.0.2.1") == 0);
}

TEST_CASE("plugin/lb/weights: parse: says the line and what to write") {
    CHECK(error_of("192.0.2.1 3").starts_with("1: an address before the first name"));
    CHECK(error_of("a.\n192.0.2.1").starts_with("2: 192.0.2.1 has no weight"));
    CHECK(error_of("a.\n192.0.2.1 0").starts_with("2: \"0\" is no weight"));
    CHECK(error_of("a.\n192.0.2.1 256").starts_with("2: \"256\" is no weight"));
    CHECK(error_of("a.\n192.0.2.1 1x").starts_with("2: \"1x\" is no weight"));
    CHECK(error_of("a.\n192.0.2.1 1 1").starts_with("2: more than two words"));
    CHECK(error_of("a.\n\nwww 3").starts_with("3: \"www\" is no address"));
    CHECK(error_of("a..b").starts_with("1: \"a..b\" is no name"));
    CHECK(error_of("a.\n192.0.2.1 1\n192.0.2.1 2").starts_with("3: 192.0.2.1 has two weights"));
}
