// SPDX-License-Identifier: Apache-2.0
#include "include_pattern.hpp"
#include "sample_source.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

using namespace loom::host;

namespace {

std::string server(std::string_view zone) {
    return fmt::format(
        "[[server]]\nlisten = \":53\"\nzones = \"{}\"\npipeline = [ {{ plugin = \"x\" }} ]\n",
        zone);
}

}  // namespace

TEST_CASE("config/file: include: adds the servers of the files that match, in order") {
    const SampleFiles sample{
        .files =
            {{"/etc/l/main.toml", "include = [\"conf.d/*.toml\", \"extra.toml\"]\n" + server("m")},
             {"/etc/l/conf.d/b.toml", server("b")},
             {"/etc/l/conf.d/a.toml", server("a")},
             {"/etc/l/conf.d/a.txt", "not read"},
             {"/etc/l/extra.toml", server("e")}},
        .variables = {}};

    const auto config = sample.load("/etc/l/main.toml");

    REQUIRE_MESSAGE(config, error_of(config));
    std::string order;
    for (const auto& one : config->servers) order += one.zones[0].to_string();
    CHECK(order == "m.a.b.e.");
    CHECK(
        config->files == std::vector<std::string>{
                             "/etc/l/main.toml",
                             "/etc/l/conf.d/a.toml",
                             "/etc/l/conf.d/b.toml",
                             "/etc/l/extra.toml"});
    CHECK(config->include_directories == std::vector<std::string>{"/etc/l/conf.d", "/etc/l"});
    CHECK(config->servers[1].pipeline[0].directory == "/etc/l/conf.d");
    CHECK(to_string(config->servers[1].place) == "/etc/l/conf.d/a.toml:1:1");
}

TEST_CASE("config/file: a pattern that matches nothing: is fine with wildcards only") {
    SampleFiles sample{
        .files = {{"/l/main.toml", "include = \"conf.d/*.toml\"\n" + server("m")}},
        .variables = {}};

    CHECK(sample.load("/l/main.toml"));

    sample.files["/l/main.toml"] = "include = [\"x.toml\"]\n" + server("m");
    CHECK(
        error_of(sample.load("/l/main.toml")) == "/l/main.toml:1:12: there is no file \"x.toml\"");
}

TEST_CASE("config/file: a file that includes itself or is matched twice: is read once") {
    const SampleFiles sample{
        .files =
            {{"/l/main.toml", "include = [\"*.toml\", \"a.toml\", \"main.toml\"]\n" + server("m")},
             {"/l/a.toml", server("a")}},
        .variables = {}};

    const auto config = sample.load("/l/main.toml");

    REQUIRE_MESSAGE(config, error_of(config));
    CHECK(config->servers.size() == 2);
}

TEST_CASE("config/file: an included file that includes: is refused, a cycle with it") {
    const SampleFiles sample{
        .files =
            {{"/l/main.toml", "include = \"a.toml\"\n" + server("m")},
             {"/l/a.toml", "include = \"main.toml\"\n" + server("a")}},
        .variables = {}};

    CHECK(
        error_of(sample.load("/l/main.toml")) ==
        "/l/a.toml:1:1: an included file cannot include; do it in the main file");
}

TEST_CASE("config/file: too many patterns or files: are refused") {
    SampleFiles sample;
    sample.files["/l/main.toml"] = "include = \"d/*\"\n" + server("m");
    for (int i = 0; i != 1025; ++i) sample.files[fmt::format("/l/d/{}", i)] = "";
    std::string patterns;
    for (int i = 0; i != 65; ++i) patterns += "\"x*\", ";
    sample.files["/l/patterns.toml"] = "include = [" + patterns + "]\n" + server("m");

    CHECK(
        error_of(sample.load("/l/main.toml")) ==
        "/l/main.toml:1:11: more than 1024 files are included");
    CHECK(
        error_of(sample.load("/l/patterns.toml")) ==
        "/l/patterns.toml:1:11: \"include\" has 65 patterns; at most 64 may be");
}

TEST_CASE("config/file: a second [host]: is refused") {
    const SampleFiles sample{
        .files =
            {{"/l/main.toml", "include = \"a.toml\"\n[host]\nworkers = 1\n" + server("m")},
             {"/l/a.toml", "[host]\nworkers = 2\n"}},
        .variables = {}};

    CHECK(
        error_of(sample.load("/l/main.toml")) ==
        "/l/a.toml:1:2: there is a [host] at /l/main.toml:2:2 already");
}

TEST_CASE("config/file: mistakes in several files: are told together") {
    const SampleFiles sample{
        .files =
            {{"/l/main.toml", "include = \"d/*\"\nx = 1\n" + server("m")},
             {"/l/d/a", "a = \n"},
             {"/l/d/b", "severs = 1\n"}},
        .variables = {}};

    CHECK(
        error_of(sample.load("/l/main.toml")) ==
        "/l/main.toml:2:1: the file has no key \"x\"; allowed: host, server, include\n"
        "/l/d/a:1:5: Error while parsing key-value pair: expected value, saw '\\n'\n"
        "/l/d/b:1:1: the file has no key \"severs\"; did you mean \"server\"? Allowed: host, "
        "server, "
        "include");
}

TEST_CASE("config/file: more than twenty mistakes: the first twenty are told") {
    std::string text;
    for (int i = 0; i != 50; ++i) text += fmt::format("k{} = 1\n", i);

    const auto error = error_of(parse_config(text, "t.toml"));

    CHECK(std::count(error.begin(), error.end(), '\n') == 19);
    CHECK(error.starts_with("t.toml:1:1: "));
}

TEST_CASE("config/file: variables: are expanded in all strings, and may be numbers there") {
    const SampleFiles sample{
        .files =
            {{"t.toml",
              "[host]\nworkers = \"${WORKERS}\"\nwatch = \"${WATCH:-false}\"\n"
              "user = \"${NAME:-nobody}\"\n" +
                  server("${ZONE}")}},
        .variables = {{"WORKERS", "3"}, {"ZONE", "example.org"}}};

    const auto config = sample.load("t.toml");

    REQUIRE_MESSAGE(config, error_of(config));
    CHECK(config->host.workers == 3);
    CHECK_FALSE(config->host.watch);
    CHECK(config->host.user == "nobody");
    CHECK(config->servers[0].zones[0].to_string() == "example.org.");
}

TEST_CASE("config/file: bad variables: are told with the place of the string") {
    const SampleFiles sample{
        .files = {{"t.toml", "[host]\nworkers = \"${W}\"\nuser = \"${NONE}\"\n" + server("m")}},
        .variables = {{"W", "many"}}};

    CHECK(
        error_of(sample.load("t.toml")) ==
        "t.toml:3:8: the environment variable NONE is not set; set it or write ${NONE:-default}\n"
        "t.toml:2:11: \"workers\" must be an integer from 0 to 1024, not \"many\"");
}

TEST_CASE("config/file: files that cannot be read: are told, included ones with the place") {
    SampleFiles sample{.files = {{"/l/main.toml", "include = \"a\"\n"}}, .variables = {}};

    CHECK(error_of(sample.load("x.toml")) == "x.toml: cannot be read: it is not there");

    auto source = sample.source();
    source.match = [](const std::string&) { return std::vector<std::string>{"/l/a"}; };
    CHECK(
        error_of(load_config("/l/main.toml", source)) ==
        "/l/main.toml:1:11: /l/a: cannot be read: it is not there");
}

TEST_CASE("config/file: the shapes of the top level: are checked") {
    const auto error = [](std::string_view text) { return error_of(parse_config(text, "t.toml")); };

    CHECK(error("") == "t.toml: there is no [[server]]; add one");
    CHECK(
        error("host = 3") == "t.toml:1:8: \"host\" must be a table: write [host], not an integer");
    CHECK(
        error("[server]\n") ==
        "t.toml:1:1: \"server\" must be an array of tables: write [[server]], not [server]");
    CHECK(error("server = [1]") == "t.toml:1:11: \"server\" must hold tables, not an integer");
    CHECK(
        error("include = \"x\"\n" + server("m")) ==
        "t.toml:1:11: \"include\" is possible in files only");
}

TEST_CASE("config/include_pattern: the directory: is no pattern itself") {
    const auto found = include_pattern("conf.d/*/x.toml", "/srv/[a]*");

    CHECK(found.pattern == "/srv/\\[a]\\*/conf.d/*/x.toml");
    CHECK(found.directory == "/srv/[a]*/conf.d");
    CHECK(found.wildcard);
    CHECK_FALSE(include_pattern("/abs/x.toml", "/srv").wildcard);
    CHECK(include_pattern("/abs/x.toml", "/srv").pattern == "/abs/x.toml");
}
