// SPDX-License-Identifier: Apache-2.0
#include "sample_source.hpp"
#include "value.hpp"

#include <doctest/doctest.h>

using namespace loom::host;

namespace {

Result<Config> parse(std::string_view text) { return parse_config(text, "/etc/l/t.toml"); }

Result<Config> server(std::string_view keys) {
    return parse(
        "[[server]]\nlisten = \"127.0.0.1\"\nzones = \"example.org\"\n" + std::string{keys});
}

std::string step_error(std::string_view keys) {
    auto text = error_of(server("pipeline = [ { " + std::string{keys} + " } ]"));
    constexpr std::string_view file = "/etc/l/t.toml:";
    return text.starts_with(file) ? text.substr(file.size()) : text;
}

}  // namespace

TEST_CASE("config/server: both ways to write steps: give the same pipeline") {
    const auto inline_steps =
        server("pipeline = [ { plugin = \"x\", a = 1 }, { plugin = \"y\" } ]");
    const auto table_steps =
        server("[[server.pipeline]]\nplugin = \"x\"\na = 1\n[[server.pipeline]]\nplugin = \"y\"\n");

    REQUIRE(inline_steps);
    REQUIRE(table_steps);
    for (const auto* config : {&*inline_steps, &*table_steps}) {
        const auto& steps = config->servers.at(0).pipeline;
        REQUIRE(steps.size() == 2);
        CHECK(steps[0].plugin == "x");
        CHECK(steps[0].directory == "/etc/l");
        REQUIRE(steps[0].options->entries.size() == 1);
        CHECK(steps[0].options->entries[0].key == "a");
        CHECK(steps[1].plugin == "y");
        CHECK(steps[1].options->entries.empty());
    }
    CHECK(to_string(inline_steps->servers[0].pipeline[1].place) == "/etc/l/t.toml:4:39");
    CHECK(to_string(table_steps->servers[0].pipeline[1].place) == "/etc/l/t.toml:7:1");
}

TEST_CASE("config/server: a server without a name: is named after listener and zone") {
    const auto config = server("pipeline = [ { plugin = \"x\" } ]");

    REQUIRE(config);
    CHECK(config->servers[0].name == "dns://127.0.0.1:53/example.org.");
    CHECK(to_string(config->servers[0].place) == "/etc/l/t.toml:1:1");
}

TEST_CASE("config/server: names and blocks: become zones in lower case") {
    const auto config =
        parse("[[server]]\nlisten = [\":53\", \"tcp://[::1]:54\"]\nzones = [\"Example.ORG\", "
              "\"10.0.0.0/23\"]\npipeline = [ { plugin = \"x\" } ]\n");

    REQUIRE(config);
    const auto& only = config->servers[0];
    REQUIRE(only.listen.size() == 3);
    CHECK(to_string(only.listen[2]) == "tcp://[::1]:54");
    REQUIRE(only.zones.size() == 3);
    CHECK(only.zones[0].to_string() == "example.org.");
    CHECK(only.zones[2].to_string() == "1.0.10.in-addr.arpa.");
}

TEST_CASE("config/server: on and fallthrough: are the host's, not options") {
    const auto config = server(
        "pipeline = [ { plugin = \"x\", name = \"n\", on = { nxdomain = \"next\", servfail = "
        "\"next\" } },\n { plugin = \"y\", fallthrough = \"Example.org\" },\n { plugin = \"z\", "
        "fallthrough = [], on = { refused = \"next\" } } ]");

    REQUIRE_MESSAGE(config, error_of(config));
    const auto& steps = config->servers[0].pipeline;
    CHECK(steps[0].name == "n");
    CHECK(steps[0].options->entries.empty());
    CHECK(steps[0].on.nxdomain == Outcome::next);
    CHECK(steps[0].on.servfail == Outcome::next);
    CHECK(steps[0].on.nodata == Outcome::stop);
    CHECK(steps[0].on.refused == Outcome::stop);
    CHECK(steps[1].on.nxdomain == Outcome::next);
    REQUIRE(steps[1].fallthrough.size() == 1);
    CHECK(steps[1].fallthrough[0].to_string() == "example.org.");
    CHECK(steps[2].on.nxdomain == Outcome::stop);
    CHECK(steps[2].on.refused == Outcome::next);
    CHECK(steps[2].fallthrough.empty());
}

TEST_CASE("config/server: missing and empty keys: are told with an example") {
    CHECK(
        error_of(parse("[[server]]\n")) ==
        "/etc/l/t.toml:1:1: [[server]] has no \"listen\"; say where to listen, such as listen = "
        "[\"dns://:53\"]\n"
        "/etc/l/t.toml:1:1: [[server]] has no \"zones\"; name the zones it serves, such as zones = "
        "[\"example.org\"]\n"
        "/etc/l/t.toml:1:1: [[server]] has no \"pipeline\"; give its steps, such as pipeline = [ { "
        "plugin = \"...\" } ]");
    CHECK(
        error_of(server("pipeline = []")) == "/etc/l/t.toml:4:12: \"pipeline\" is empty; give its "
                                             "steps, such as pipeline = [ { plugin = "
                                             "\"...\" } ]");
}

TEST_CASE("config/server: wrong keys of a server: are told with their place") {
    const auto with = [](std::string_view keys) {
        return error_of(server(std::string{keys} + "\npipeline = [ { plugin = \"x\" } ]"));
    };

    CHECK(
        with("zone = 1") ==
        "/etc/l/t.toml:4:1: [[server]] has no key \"zone\"; did you mean \"zones\"? Allowed: name, "
        "listen, zones, pipeline");
    CHECK(
        with("name = \"\"") ==
        "/etc/l/t.toml:4:8: \"name\" cannot be \"\"; a name is 1 to 80 octets without control "
        "characters");
    CHECK(
        with("name = \"a\\nb\"") == "/etc/l/t.toml:4:8: \"name\" cannot be \"a\\x0Ab\"; a name is "
                                    "1 to 80 octets without control "
                                    "characters");
    CHECK(
        error_of(parse(
            "[[server]]\nlisten = [\"x\"]\nzones = [\"a..b\", 3]\npipeline = [ { plugin = \"x\" } "
            "]")) ==
        "/etc/l/t.toml:2:11: \"listen\" is wrong: \"x\" is nothing to listen on: write an address "
        "with a port such as \"127.0.0.1:53\", \"[::1]:53\" or, for all addresses, \":53\"; with "
        "dns://, udp:// or tcp:// before it\n"
        "/etc/l/t.toml:3:18: \"zones\" must hold strings, not an integer\n"
        "/etc/l/t.toml:3:10: \"zones\" is wrong: \"a..b\" is neither a domain name nor a CIDR "
        "block: a label is empty");
}

TEST_CASE("config/server: wrong keys of a step: are told with their place") {
    CHECK(
        step_error("name = \"n\"") ==
        "4:14: the step has no \"plugin\"; name the plugin that it runs");
    CHECK(
        step_error("plugin = \"../x\"") ==
        "4:25: \"plugin\" cannot be \"../x\"; a name is 1 to 47 letters, digits, \"_\" and \"-\"");
    CHECK(step_error("plugin = 1") == "4:25: \"plugin\" must be a string, not an integer");
    CHECK(
        step_error("plugin = \"x\", on = \"next\"") ==
        "4:35: \"on\" must be a table such as { nxdomain = \"next\" }, not a string");
    CHECK(
        step_error("plugin = \"x\", on = { nxdomian = \"next\" }") ==
        "4:37: \"on\" has no key \"nxdomian\"; did you mean \"nxdomain\"? Allowed: nxdomain, "
        "nodata, "
        "refused, servfail");
    CHECK(
        step_error("plugin = \"x\", on = { nxdomain = \"nxt\" }") ==
        "4:48: \"nxdomain\" cannot be \"nxt\"; did you mean \"next\"? Allowed: stop, next");
    CHECK(
        step_error("plugin = \"x\", fallthrough = true") ==
        "4:44: \"fallthrough\" must be a string or an array of strings, not a truth value");
    CHECK(
        step_error("plugin = \"x\", name = \"n\" }, { plugin = \"y\", name = \"n\"") ==
        "4:44: the step at /etc/l/t.toml:4:14 has the name \"n\", too; give another");
    CHECK(
        error_of(server("pipeline = [ 1 ]")) ==
        "/etc/l/t.toml:4:14: \"pipeline\" must hold tables such as { plugin = \"...\" }, not an "
        "integer");
}

TEST_CASE("config/server: a pipeline of 65 steps: is refused, one of 64 is not") {
    std::string steps;
    for (int i = 0; i != 64; ++i) steps += "{ plugin = \"x\" }, ";

    CHECK(server("pipeline = [ " + steps + " ]"));
    CHECK(
        error_of(server("pipeline = [ " + steps + "{ plugin = \"x\" } ]")) ==
        "/etc/l/t.toml:4:12: \"pipeline\" has 65 steps; at most 64 may be");
}

TEST_CASE("config/server: too many listeners: are refused") {
    std::string listen;
    for (int i = 1; i != 66; ++i) listen += "\"127.0.0.1:" + std::to_string(i) + "\", ";

    CHECK(
        error_of(parse(
            "[[server]]\nlisten = [ " + listen +
            " ]\nzones = \".\"\npipeline = [ { plugin = \"x\" } ]")) ==
        "/etc/l/t.toml:2:10: \"listen\" has more than 64 addresses");
}

TEST_CASE("config/identity: what the plugin sees: counts, and nothing else") {
    const auto identity = [](std::string_view step, std::string_view path = "/etc/l/t.toml") {
        const auto config = parse_config(
            "[[server]]\nlisten = \":53\"\nzones = \".\"\npipeline = [ { " + std::string{step} +
                " } ]",
            std::string{path});
        REQUIRE_MESSAGE(config, error_of(config));
        const auto& only = config->servers[0];
        return only.pipeline[0].identity(only.zones);
    };
    const auto base = identity("plugin = \"x\", a = 1, b = [2]");

    CHECK(identity("b = [ 2 ],  a = 1, plugin = \"x\"") == base);
    CHECK(identity("plugin = \"x\", a = 1, b = [2], on = { nodata = \"next\" }") == base);
    CHECK(identity("plugin = \"x\", a = 1, b = [2], fallthrough = []") == base);
    CHECK(identity("plugin = \"x\", a = 1, b = [2]", "/etc/l/other.toml") == base);
    CHECK(identity("plugin = \"x\", a = 1, b = [2]", "/etc/t.toml") != base);
    CHECK(identity("plugin = \"x\", a = 1, b = [2], name = \"n\"") != base);
    CHECK(identity("plugin = \"y\", a = 1, b = [2]") != base);
    CHECK(identity("plugin = \"x\", a = 2, b = [2]") != base);
}

TEST_CASE("config/identity: the zones of the server: count") {
    const auto config = server("pipeline = [ { plugin = \"x\" } ]");
    REQUIRE(config);
    const auto& only = config->servers[0];

    CHECK(only.pipeline[0].identity(only.zones) != only.pipeline[0].identity({}));
}
