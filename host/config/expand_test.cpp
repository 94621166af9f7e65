// SPDX-License-Identifier: Apache-2.0
#include "expand.hpp"

#include <doctest/doctest.h>

using namespace loom::host;

namespace {

std::string expand(std::string_view text) {
    const auto expanded = expand_variables(text, [](const std::string& name) {
        if (name == "HOST") return std::optional<std::string>{"ns1"};
        if (name == "EMPTY") return std::optional<std::string>{""};
        if (name == "NESTED") return std::optional<std::string>{"${HOST}"};
        if (name == "LONG") return std::optional<std::string>{std::string(60'000, 'x')};
        return std::optional<std::string>{};
    });
    return expanded ? *expanded : "error: " + expanded.error();
}

}  // namespace

TEST_CASE("config/expand: variables: are replaced") {
    CHECK(expand("${HOST}.example.${HOST}") == "ns1.example.ns1");
    CHECK(expand("${EMPTY}") == "");
    CHECK(expand("${NESTED}") == "${HOST}");  // Not expanded again.
}

TEST_CASE("config/expand: defaults: hold for unset and empty variables") {
    CHECK(expand("${NONE:-x}") == "x");
    CHECK(expand("${EMPTY:-x}") == "x");
    CHECK(expand("${NONE:-}") == "");
    CHECK(expand("${HOST:-x}") == "ns1");
}

TEST_CASE("config/expand: other dollars: stay") {
    CHECK(expand("$HOST $ $$ cost$") == "$HOST $ $$ cost$");
    CHECK(expand("$${HOST}") == "${HOST}");
}

TEST_CASE("config/expand: what is wrong: is said") {
    CHECK(
        expand("${NONE}") ==
        "error: the environment variable NONE is not set; set it or write ${NONE:-default}");
    CHECK(expand("${HOST") == "error: \"${\" without \"}\"; write $${ for ${ itself");
    CHECK(
        expand("${1}") ==
        "error: \"1\" is no variable name; write ${NAME} or ${NAME:-default}, and $${ for ${ "
        "itself");
    CHECK(
        expand("${LONG}${LONG}") ==
        "error: the string is longer than 65536 octets with its variables expanded");
}
