// SPDX-License-Identifier: Apache-2.0
#include "endpoint.hpp"

#include <doctest/doctest.h>

using namespace loom::host;

namespace {

std::string round_trip(std::string_view text) {
    const auto address = parse_endpoint(text);
    return address ? to_string(*address) : address.error();
}

std::string listens(std::string_view text) {
    const auto all = parse_listen(text);
    if (!all) return all.error();
    std::string shown;
    for (const Listen& listen : *all) shown += to_string(listen) + (listen.any_family ? "* " : " ");
    return shown;
}

}  // namespace

TEST_CASE("config/endpoint: parse_endpoint: reads addresses with and without ports") {
    CHECK(round_trip("192.0.2.1") == "192.0.2.1");
    CHECK(round_trip("192.0.2.1:53") == "192.0.2.1:53");
    CHECK(round_trip("2001:DB8:0::1") == "2001:db8::1");
    CHECK(round_trip("[2001:db8::1]:53") == "[2001:db8::1]:53");
    CHECK(round_trip("[::1]") == "::1");
    CHECK(parse_endpoint("fe80::1%1")->scope == 1);
}

TEST_CASE("config/endpoint: parse_endpoint: refuses what is none") {
    for (const auto* text :
         {"",
          "example.org",
          "192.0.2",
          "192.0.2.1:",
          "192.0.2.1:65536",
          "[192.0.2.1]:53",
          "[::1",
          "[::1]53",
          ":53",
          "::1:53:x",
          "fe80::1%"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_endpoint(text));
    }
    CHECK(
        round_trip("192.0.2.1:0") ==
        "\"192.0.2.1:0\" has port 0: write a port from 1 to 65535, or none");
}

TEST_CASE("config/endpoint: parse_listen: fills in scheme, port and families") {
    CHECK(listens("127.0.0.1:1053") == "dns://127.0.0.1:1053 ");
    CHECK(listens("tcp://192.0.2.1") == "tcp://192.0.2.1:53 ");
    CHECK(listens("udp://[::1]:53") == "udp://[::1]:53 ");
    CHECK(listens("::1") == "dns://[::1]:53 ");
    CHECK(listens("127.0.0.1:0") == "dns://127.0.0.1:0 ");
    CHECK(listens("dns://:1053") == "dns://0.0.0.0:1053* dns://[::]:1053* ");
}

TEST_CASE("config/endpoint: parse_listen: says what would be right") {
    CHECK(
        listens("tls://:853") == "\"tls://:853\" has a scheme that this host does not offer; it "
                                 "offers dns:// (UDP and TCP), "
                                 "udp:// and tcp://");
    for (const auto* text : {"", "dns://", "localhost:53", ":", ":x"}) {
        CAPTURE(text);
        CHECK(listens(text).find("is nothing to listen on") != std::string::npos);
    }
}
