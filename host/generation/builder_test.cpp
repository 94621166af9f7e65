// SPDX-License-Identifier: Apache-2.0
#include "builder.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace loom::host;

namespace {

std::string names(std::string_view toml) {
    const auto config = parse_config(toml, "/etc/dnsloom/dnsloom.toml");
    if (!config) FAIL(config.error().text);
    std::string out;
    for (const auto& plan : plan_instances(*config)) out += plan.name + ' ';
    return out;
}

}  // namespace

TEST_CASE(
    "host/builder: plan_instances: are SERVER/PLUGIN, numbered from the second of a kind on") {
    CHECK(names(R"(
[[server]]
name = "one"
listen = ["dns://127.0.0.1:53"]
zones = ["example.org"]
pipeline = [ { plugin = "file" }, { plugin = "cache" }, { plugin = "file" }, { plugin = "file" } ]

[[server]]
name = "two"
listen = ["dns://127.0.0.1:53"]
zones = ["example.net"]
pipeline = [ { plugin = "file" } ]
)") == "one/file one/cache one/file#2 one/file#3 two/file ");
}

TEST_CASE("host/builder: plan_instances: a step's own name stands for the plugin's") {
    CHECK(names(R"(
[[server]]
name = "one"
listen = ["dns://127.0.0.1:53"]
zones = ["example.org"]
pipeline = [ { plugin = "file", name = "zones" }, { plugin = "file" } ]
)") == "one/zones one/file ");
}

TEST_CASE("host/builder: plan_instances: know their server and its zones") {
    const auto config = parse_config(
        R"(
[[server]]
name = "one"
listen = ["dns://127.0.0.1:53"]
zones = ["example.org"]
pipeline = [ { plugin = "file" } ]

[[server]]
name = "two"
listen = ["dns://127.0.0.1:53"]
zones = ["example.net"]
pipeline = [ { plugin = "file" } ]
)",
        "/etc/dnsloom/dnsloom.toml");
    REQUIRE(config);
    const auto plans = plan_instances(*config);
    REQUIRE(plans.size() == 2);
    CHECK(plans[1].server == "two");
    CHECK(plans[1].server_index == 1);
    REQUIRE(plans[1].zones.size() == 1);
    CHECK(plans[1].zones[0].to_string() == "example.net.");
}

TEST_CASE("host/builder: parse_try: is STEP=FILE") {
    const auto tried = parse_try("12=/tmp/a=b.so");
    REQUIRE(tried);
    CHECK(tried->step == 12);
    CHECK(tried->file == "/tmp/a=b.so");
}

TEST_CASE("host/builder: parse_try: refuses anything else") {
    for (const auto* bad :
         {"", "12", "=file", "x=file", "1x=file", "-1=file", "99999999999999999999=f"})
        CHECK_FALSE(parse_try(bad));
}
