// SPDX-License-Identifier: Apache-2.0
#include "sample_source.hpp"

#include <doctest/doctest.h>

using namespace loom::host;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view a_server =
    "\n[[server]]\nlisten = \":53\"\nzones = \".\"\npipeline = [ { plugin = \"x\" } ]\n";

Result<Config> host(std::string_view keys) {
    return parse_config("[host]\n" + std::string{keys} + std::string{a_server}, "/etc/l/t.toml");
}

}  // namespace

TEST_CASE("config/host: without keys: has the defaults") {
    const auto config = host("");

    REQUIRE(config);
    CHECK(config->host.workers == 0);
    CHECK(config->host.run_dir == "/var/lib/dnsloom");
    CHECK(config->host.probe);
    CHECK_FALSE(config->host.test_clock);
}

TEST_CASE("config/host: every key: is read") {
    const auto config = host(R"(plugin_path = ["plugins", "/usr/lib/dnsloom/plugins"]
workers = 4
control = "control.sock"
user = "dns"
group = "dnsg"
run_dir = "../run"
watch = false
debounce = "1s"
drain_timeout = "20s"
query_timeout = "3s"
log_level = "warning"
log_format = "json"
udp_size = 1400
tcp_connections = 10
tcp_idle_timeout = "5s"
tcp_pipeline = 7
queries = 99
keep_plugins = true
probe = false
test_clock = true
)");

    REQUIRE_MESSAGE(config, error_of(config));
    const HostConfig& h = config->host;
    CHECK(h.plugin_path == std::vector<std::string>{"/etc/l/plugins", "/usr/lib/dnsloom/plugins"});
    CHECK(h.workers == 4);
    CHECK(h.control == "/etc/l/control.sock");
    CHECK(h.user == "dns");
    CHECK(h.group == "dnsg");
    CHECK(h.run_dir == "/etc/run");
    CHECK_FALSE(h.watch);
    CHECK(h.debounce == 1s);
    CHECK(h.drain_timeout == 20s);
    CHECK(h.query_timeout == 3s);
    CHECK(h.log_level == LogLevel::warning);
    CHECK(h.log_format == LogFormat::json);
    CHECK(h.udp_size == 1400);
    CHECK(h.tcp_connections == 10);
    CHECK(h.tcp_idle_timeout == 5s);
    CHECK(h.tcp_pipeline == 7);
    CHECK(h.queries == 99);
    CHECK(h.keep_plugins);
    CHECK_FALSE(h.probe);
    CHECK(h.test_clock);
}

TEST_CASE("config/host: an empty control: means none") {
    const auto config = host("control = \"\"\n");

    REQUIRE(config);
    CHECK(config->host.control.empty());
}

TEST_CASE("config/host: wrong values: are refused with place and advice") {
    const auto error = [](std::string_view keys) { return error_of(host(keys)); };

    CHECK(
        error("workers = \"x\"") ==
        "/etc/l/t.toml:2:11: \"workers\" must be an integer from 0 to 1024, not a string");
    CHECK(
        error("udp_size = 100") ==
        "/etc/l/t.toml:2:12: \"udp_size\" must be from 512 to 65535, not 100");
    CHECK(
        error("log_level = \"debgu\"") ==
        "/etc/l/t.toml:2:13: \"log_level\" cannot be \"debgu\"; did you mean \"debug\"? Allowed: "
        "debug, info, warning, error");
    CHECK(
        error("log_format = 1") ==
        "/etc/l/t.toml:2:14: \"log_format\" must be one of text, json, not an integer");
    CHECK(
        error("query_timeout = \"0\"") ==
        "/etc/l/t.toml:2:17: \"query_timeout\" must be from 10ms to 10m, not 0");
    CHECK(
        error("debounce = 3") ==
        "/etc/l/t.toml:2:12: \"debounce\" must be a duration such as \"250ms\" or \"10s\", not an "
        "integer");
    CHECK(error("debounce = \"3\"")
              .starts_with("/etc/l/t.toml:2:12: \"debounce\" is wrong: \"3\" is no duration: "));
    CHECK(error("run_dir = \"\"") == "/etc/l/t.toml:2:11: \"run_dir\" must not be empty");
    CHECK(
        error("watch = \"true\"") ==
        "/etc/l/t.toml:2:9: \"watch\" must be true or false, not a string");
    CHECK(
        error("user = \"a\\u0000b\"") == "/etc/l/t.toml:2:8: \"user\" must not hold a zero octet");
    CHECK(
        error("plugin_path = [\"a\", 1]") ==
        "/etc/l/t.toml:2:21: \"plugin_path\" must hold strings, not an integer");
    CHECK(error("plugin_path = [\"\"]") == "/etc/l/t.toml:2:16: \"plugin_path\" must hold paths");
}

TEST_CASE("config/host: an unknown key: is told with the nearest and all that are allowed") {
    CHECK(
        error_of(host("workes = 3")) ==
        "/etc/l/t.toml:2:1: [host] has no key \"workes\"; did you mean \"workers\"? Allowed: "
        "plugin_path, workers, control, user, group, run_dir, watch, debounce, drain_timeout, "
        "query_timeout, log_level, log_format, udp_size, tcp_connections, tcp_idle_timeout, "
        "tcp_pipeline, queries, keep_plugins, probe, test_clock");
}
