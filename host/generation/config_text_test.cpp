// SPDX-License-Identifier: Apache-2.0
#include "config_text.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace loom::host;

namespace {

std::string text_of(std::string_view toml) {
    const auto config = parse_config(toml, "/etc/dnsloom/dnsloom.toml");
    if (!config) FAIL(config.error().text);
    return canonical_text(*config);
}

constexpr std::string_view base = R"(
[[server]]
listen = ["dns://127.0.0.1:53"]
zones = ["example.org"]
pipeline = [ { plugin = "cache", capacity = "1MiB" }, { plugin = "forward", to = ["9.9.9.9"] } ]
)";

}  // namespace

TEST_CASE("host/config_text: the same configuration in another layout: is the same") {
    CHECK(text_of(base) == text_of(R"(
# A comment.
[host]

[[server]]
zones  = ["Example.ORG."]
listen = ["dns://127.0.0.1:53"]

  [[server.pipeline]]
  capacity = "1MiB"
  plugin = "cache"

  [[server.pipeline]]
  plugin = "forward"
  to = ["9.9.9.9"]
)"));
}

TEST_CASE("host/config_text: any change that matters: is seen") {
    const std::string before = text_of(base);
    for (const std::string_view changed : {
             R"([[server]]
listen = ["dns://127.0.0.1:54"]
zones = ["example.org"]
pipeline = [ { plugin = "cache", capacity = "1MiB" }, { plugin = "forward", to = ["9.9.9.9"] } ])",
             R"([[server]]
listen = ["dns://127.0.0.1:53"]
zones = ["example.org", "example.net"]
pipeline = [ { plugin = "cache", capacity = "1MiB" }, { plugin = "forward", to = ["9.9.9.9"] } ])",
             R"([[server]]
listen = ["dns://127.0.0.1:53"]
zones = ["example.org"]
pipeline = [ { plugin = "cache", capacity = "2MiB" }, { plugin = "forward", to = ["9.9.9.9"] } ])",
             R"([[server]]
listen = ["dns://127.0.0.1:53"]
zones = ["example.org"]
pipeline = [ { plugin = "forward", to = ["9.9.9.9"] }, { plugin = "cache", capacity = "1MiB" } ])",
             R"([[server]]
listen = ["dns://127.0.0.1:53"]
zones = ["example.org"]
pipeline = [ { plugin = "cache", capacity = "1MiB", on = { nxdomain = "next" } }, { plugin = "forward", to = ["9.9.9.9"] } ])",
             R"([[server]]
listen = ["dns://127.0.0.1:53"]
zones = ["example.org"]
pipeline = [ { plugin = "cache", capacity = "1MiB", fallthrough = ["example.org"] }, { plugin = "forward", to = ["9.9.9.9"] } ])",
             R"([[server]]
name = "other"
listen = ["dns://127.0.0.1:53"]
zones = ["example.org"]
pipeline = [ { plugin = "cache", capacity = "1MiB" }, { plugin = "forward", to = ["9.9.9.9"] } ])",
         }) {
        CHECK(text_of(changed) != before);
    }
}

TEST_CASE("host/config_text: each key of [host]: is seen") {
    const std::string before = text_of(base);
    for (const std::string_view line :
         {"workers = 3",
          "plugin_path = [\"/opt/plugins\"]",
          "control = \"/tmp/control.sock\"",
          "user = \"nobody\"",
          "group = \"nogroup\"",
          "run_dir = \"/tmp/loom\"",
          "watch = false",
          "debounce = \"1s\"",
          "drain_timeout = \"3s\"",
          "query_timeout = \"3s\"",
          "log_level = \"debug\"",
          "log_format = \"json\"",
          "udp_size = 1400",
          "tcp_connections = 7",
          "tcp_idle_timeout = \"7s\"",
          "tcp_pipeline = 7",
          "queries = 77",
          "keep_plugins = true",
          "probe = false",
          "test_clock = true"}) {
        CAPTURE(line);
        CHECK(text_of("[host]\n" + std::string{line} + '\n' + std::string{base}) != before);
    }
}

TEST_CASE("host/config_text: on against fallthrough of different steps: is not mixed up") {
    const auto with = [](std::string_view first, std::string_view second) {
        return text_of(
            "[[server]]\nlisten = [\"dns://127.0.0.1:53\"]\nzones = [\"example.org\"]\npipeline = "
            "[ "
            "{ plugin = \"a\"" +
            std::string{first} + " }, { plugin = \"a\"" + std::string{second} + " } ]");
    };
    CHECK(with(", on = { nxdomain = \"next\" }", "") != with("", ", on = { nxdomain = \"next\" }"));
    CHECK(with(", on = { nodata = \"next\" }", "") != with(", on = { nxdomain = \"next\" }", ""));
}
