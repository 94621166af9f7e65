// SPDX-License-Identifier: Apache-2.0
#include "test_octets.hpp"

#include <dnsloom/dns/edns.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>

namespace loom::dns {
namespace {

template <typename Option>
std::string written(const Option& option) {
    Octets buffer(64);
    OptionsWriter writer{buffer};
    REQUIRE(writer.add(option));
    return hex_of(writer.options().octets());
}

std::optional<OptionErrc> subnet_error(const char* hex) {
    const auto subnet = ClientSubnet::read(octets_of(hex));
    return subnet ? std::nullopt : std::optional{subnet.error()};
}

}  // namespace

TEST_CASE("dns/edns_options: check: walks what is whole") {
    const Octets octets = octets_of("0003 0000 000A 0001 FF 000A 0002 0102");
    const auto options = EdnsOptions::check(octets);
    REQUIRE(options);
    CHECK(std::ranges::distance(*options) == 3);
    // The first of two.
    CHECK(hex_of(options->find(option_code::cookie).value()) == "FF");
    CHECK(options->find(option_code::nsid)->empty());
    CHECK_FALSE(options->find(1));

    CHECK(EdnsOptions::check({})->empty());
    CHECK_FALSE(EdnsOptions{}.find(0));
}

TEST_CASE("dns/edns_options: check: refuses options past the end") {
    for (const char* octets :
         {"00", "0003", "000300", "0003 0001", "0003 0000 00", "0003 0002 00", "0003 FFFF 00"}) {
        CAPTURE(octets);
        CHECK_FALSE(EdnsOptions::check(octets_of(octets)));
    }
}

TEST_CASE("dns/edns_options: extended error: a code, and text or none") {
    const Octets octets = octets_of("0003 7374616C65");
    const auto error = ExtendedError::read(octets);
    REQUIRE(error);
    CHECK(error->info_code == ede_code::stale_answer);
    CHECK(error->extra_text == "stale");
    CHECK(
        written(*error) == "000F00070003"
                           "7374616C65");
    CHECK(written(ExtendedError{ede_code::blocked, {}}) == "000F0002000F");
    CHECK(ExtendedError::read(octets_of("00")).error() == OptionErrc::bad_size);
    CHECK(ExtendedError::read({}).error() == OptionErrc::bad_size);
}

TEST_CASE("dns/edns_options: client subnet: both ways") {
    struct Row {
        const char* data;
        unsigned family;
        unsigned source;
        unsigned scope;
        const char* reason;
    };
    const Row rows[] = {
        {"0001 18 00 C00002", 1, 24, 0, "IPv4, whole octets"},
        {"0001 19 18 C0000280", 1, 25, 24, "IPv4, one bit more"},
        {"0001 20 20 C0000201", 1, 32, 32, "IPv4, all of it"},
        {"0001 00 20", 1, 0, 32, "IPv4, none of it"},
        {"0002 38 00 20010DB8000100", 2, 56, 0, "IPv6"},
        {"0002 80 80 20010DB8000000000000000000000001", 2, 128, 128, "IPv6, all of it"},
        {"0002 01 00 80", 2, 1, 0, "IPv6, one bit"},
        {"0000 00 00", 0, 0, 0, "no family"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.reason);
        const Octets data = octets_of(row.data);
        const auto subnet = ClientSubnet::read(data);
        REQUIRE(subnet);
        CHECK(subnet->family == row.family);
        CHECK(subnet->source_prefix == row.source);
        CHECK(subnet->scope_prefix == row.scope);
        CHECK(written(*subnet).substr(8) == hex_of(data));
    }
}

TEST_CASE("dns/edns_options: client subnet: refuses what RFC 7871 section 7.1.2 calls malformed") {
    CHECK(subnet_error("") == OptionErrc::bad_size);
    CHECK(subnet_error("000118") == OptionErrc::bad_size);
    CHECK(subnet_error("0001 18 00") == OptionErrc::bad_size);              // No address.
    CHECK(subnet_error("0001 18 00 C000") == OptionErrc::bad_size);         // Too short.
    CHECK(subnet_error("0001 18 00 C0000200") == OptionErrc::bad_size);     // Too long.
    CHECK(subnet_error("0001 00 00 00") == OptionErrc::bad_size);           // None was due.
    CHECK(subnet_error("0001 17 00 C00001") == OptionErrc::bad_value);      // Bit 24 is set.
    CHECK(subnet_error("0001 01 00 C0") == OptionErrc::bad_value);          // Bit 2 is set.
    CHECK(subnet_error("0001 21 00 C000020100") == OptionErrc::bad_value);  // 33 bits.
    CHECK(subnet_error("0001 18 21 C00002") == OptionErrc::bad_value);      // Scope of 33 bits.
    CHECK(subnet_error("0002 81 00") == OptionErrc::bad_value);             // 129 bits.
    CHECK(subnet_error("0000 01 00 80") == OptionErrc::bad_value);          // No such address.
    CHECK(subnet_error("0000 00 00 00") == OptionErrc::bad_size);
    CHECK(subnet_error("0003 00 00") == OptionErrc::bad_value);  // Unknown family.
}

TEST_CASE("dns/edns_options: client subnet: writing never leaves the address") {
    ClientSubnet subnet;
    subnet.family = ClientSubnet::family_ipv6;
    subnet.source_prefix = 255;
    CHECK(written(subnet).size() == 2 * (4 + 4 + 16));
}

TEST_CASE("dns/edns_options: cookie: 8 octets, or 16 to 40") {
    for (std::size_t size = 0; size != 50; ++size) {
        CAPTURE(size);
        const Octets data(size, 0xAB);
        const auto cookie = Cookie::read(data);
        CHECK(cookie.has_value() == (size == 8 || (size >= 16 && size <= 40)));
        if (cookie) CHECK(written(*cookie).substr(8) == hex_of(data));
    }
}

TEST_CASE("dns/edns_options: keepalive: a timeout or none") {
    const auto keepalive = TcpKeepalive::read(octets_of("012C"));
    REQUIRE(keepalive);
    CHECK(keepalive->timeout == std::chrono::seconds{30});
    CHECK(written(*keepalive) == "000B0002012C");
    CHECK_FALSE(TcpKeepalive::read({})->timeout);
    CHECK(written(TcpKeepalive{}) == "000B0000");
    CHECK(TcpKeepalive::read(octets_of("01")).error() == OptionErrc::bad_size);
    CHECK(TcpKeepalive::read(octets_of("010203")).error() == OptionErrc::bad_size);
}

TEST_CASE("dns/edns_options: padding_size: fills the block, but not over the limit") {
    CHECK(padding_size(100, 128, 1232) == 24);
    CHECK(padding_size(124, 128, 1232) == 0);
    CHECK(padding_size(125, 128, 1232) == 127);
    CHECK(padding_size(100, 468, 200) == 96);
    CHECK(padding_size(196, 468, 200) == 0);
    CHECK_FALSE(padding_size(197, 468, 200));
    CHECK_FALSE(padding_size(0, 468, 3));
    CHECK(padding_size(100, 0, 200) == 0);
    CHECK(padding_size(0, 1'000'000, 1'000'000) == 65531);
}

TEST_CASE("dns/edns_options: writer: leaves out what does not fit, and keeps the rest") {
    Octets buffer(20);
    OptionsWriter writer{buffer};
    const Octets five(5);
    const Octets twelve(12);

    CHECK(writer.add(option_code::nsid, five));
    CHECK_FALSE(writer.add(option_code::cookie, twelve));
    CHECK_FALSE(writer.add_padding(8));
    CHECK(writer.add_padding(7));
    CHECK_FALSE(writer.add(TcpKeepalive{}));

    CHECK(
        hex_of(writer.options().octets()) == "000300050000000000"
                                             "000C000700000000000000");
}

TEST_CASE("dns/edns_options: writer: stays within the size of rdata") {
    Octets buffer(200'000);
    OptionsWriter writer{buffer};
    CHECK_FALSE(writer.add(option_code::nsid, Octets(65536)));
    CHECK(writer.add(option_code::nsid, Octets(65530)));
    CHECK_FALSE(writer.add(TcpKeepalive{}));
    CHECK(writer.options().octets().size() == 65534);
}

}  // namespace loom::dns
