// SPDX-License-Identifier: Apache-2.0
#include "sample_source.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

using namespace loom::host;

namespace {

/// A server that stands on five lines.
std::string server(std::string_view listen, std::string_view zones, std::string_view name = {}) {
    return fmt::format(
        "[[server]]\nlisten = {}\nzones = {}\npipeline = [ {{ plugin = \"x\" }} ]\n{}\n",
        listen,
        zones,
        name.empty() ? std::string{} : fmt::format("name = \"{}\"", name));
}

/// What is wrong where no plugin leaves queries to other servers.
std::string error(const std::string& text) {
    const auto config = parse_config(text, "t.toml");
    if (!config) return error_of(config);
    std::string lines;
    for (const SharedZone& shared : config->shared_zones)
        lines += (lines.empty() ? "" : "\n") + shared.error.text;
    return lines;
}

}  // namespace

TEST_CASE("config/conflicts: the same zone on the same listener: is told once, with both places") {
    CHECK(
        error(
            server("\":53\"", "[\"a.example\", \"b.example\"]", "one") +
            server("\"dns://:53\"", "[\"c.example\", \"B.example\"]", "two")) ==
        "t.toml:8:23: the zone b.example. is served on dns://0.0.0.0:53 already, by \"one\" at "
        "t.toml:3:23; leave it out of one");
}

TEST_CASE("config/conflicts: listeners that share one socket: count as the same") {
    CHECK(
        error(
            server("\"127.0.0.1\"", "\".\"", "one") +
            server("\"tcp://127.0.0.1\"", "\".\"", "two")) ==
        "t.toml:8:9: the zone . is served on tcp://127.0.0.1:53 already, by \"one\" at t.toml:3:9; "
        "leave it out of one");
}

TEST_CASE("config/conflicts: the same zone on other listeners: is fine") {
    CHECK(error(server("\"127.0.0.1\"", "\".\"") + server("\"127.0.0.2\"", "\".\"")) == "");
    CHECK(error(server("\"127.0.0.1\"", "\".\"") + server("\"127.0.0.1:54\"", "\".\"")) == "");
    CHECK(error(server("\"udp://[::1]\"", "\".\"") + server("\"tcp://[::1]\"", "\".\"")) == "");
    CHECK(error(server("\"[::1]:0\"", "\".\"", "a") + server("\"[::1]:0\"", "\".\"", "b")) == "");
}

TEST_CASE("config/conflicts: a name that two servers have: is refused") {
    CHECK(
        error(server("\":53\"", "\"a\"", "one") + server("\":53\"", "\"b\"", "one")) ==
        "t.toml:10:8: the server at t.toml:5:8 has the name \"one\", too; give another");
    CHECK(
        error(server("\"127.0.0.1:0\"", "\".\"") + server("\"127.0.0.1:0\"", "\".\"")) ==
        "t.toml:6:1: the server at t.toml:1:1 has the name \"dns://127.0.0.1:0/.\", too; give "
        "another");
}

TEST_CASE("config/conflicts: an address that a server has twice: is refused") {
    CHECK(
        error(server("[\"127.0.0.1\", \"udp://127.0.0.1:53\"]", "\".\"")) ==
        "t.toml:2:24: \"listen\" has udp://127.0.0.1:53 twice");
    CHECK(
        error(server("[\":53\", \"dns://:53\"]", "\".\"")) ==
        "t.toml:2:18: \"listen\" has dns://0.0.0.0:53 twice");
}

TEST_CASE("config/conflicts: a zone that a server has twice: is refused") {
    CHECK(
        error(server("\":53\"", "[\"10.0.0.0/24\", \"0.0.10.in-addr.arpa\"]")) ==
        "t.toml:3:25: \"zones\" has 0.0.10.in-addr.arpa. twice, first at t.toml:3:10");
}

TEST_CASE("config/conflicts: 100,000 zones: load in well under a second") {
    std::string zones = "[";
    for (int i = 0; i != 100'000; ++i) zones += fmt::format("\"zone-{}.example.org\",\n", i);
    const auto text = server("[\":53\", \":54\"]", zones + "]") + server("\":53\"", "\".\"");
    // Of the processor: others use the machine, too.
    const std::clock_t begin = std::clock();

    const auto config = parse_config(text, "t.toml");

    REQUIRE(config);
    CHECK(config->servers[0].zones.size() == 100'000);
    // Some 0.2 s; what is quadratic takes minutes. Sanitizers need room.
    CHECK((std::clock() - begin) / CLOCKS_PER_SEC < 10);
}

TEST_CASE("config/conflicts: 100,000 zones that are there twice: give twenty lines") {
    std::string zones = "[";
    for (int i = 0; i != 100'000; ++i) zones += fmt::format("\"zone-{}.example.org\",\n", i);
    zones += "]";

    const auto text = error(server("\":53\"", zones, "one") + server("\":53\"", zones, "two"));

    CHECK(std::count(text.begin(), text.end(), '\n') == 19);
}

TEST_CASE("config/conflicts: three servers with one zone: each but the last is named") {
    const auto config = parse_config(
        server("\":53\"", "\"a\"", "one") + server("\":53\"", "\"a\"", "two") +
            server("\":53\"", "\"a\"", "three"),
        "t.toml");

    REQUIRE(config);
    REQUIRE(config->shared_zones.size() == 2);
    CHECK(config->shared_zones[0].server == 0);
    CHECK(config->shared_zones[0].error.text.starts_with("t.toml:8:9: the zone a. is served"));
    CHECK(config->shared_zones[1].server == 1);
}

TEST_CASE("config/conflicts: servers with one zone and no names: get names of their own") {
    const auto config = parse_config(
        server("\":53\"", "\"a\"") + server("\":53\"", "\"a\"") + server("\":53\"", "\"a\""), "t.toml");

    REQUIRE(config);
    CHECK(config->servers[0].name == "dns://0.0.0.0:53/a.");
    CHECK(config->servers[1].name == "dns://0.0.0.0:53/a.#2");
    CHECK(config->servers[2].name == "dns://0.0.0.0:53/a.#3");
}
