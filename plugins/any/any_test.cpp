// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

using namespace loom::harness;

TEST_CASE("plugin/any: a question for all types: gets one HINFO record, not authoritative") {
    Harness h{loom_module_0};
    h.behind.push({.answer = {"Example.org. A 192.0.2.1"}});

    const auto answer = h.ask("Example.org. ANY");

    CHECK(answer.rcode == 0);
    CHECK_FALSE(answer.is_authoritative());
    REQUIRE(answer.answer.size() == 1);
    CHECK(answer.answer[0] == "Example.org. 8482 IN HINFO \"ANY obsoleted\" \"See RFC 8482\"");
    CHECK(answer.authority.empty());
    CHECK(h.behind.asked().empty());
}

TEST_CASE("plugin/any: other types and classes: are passed on") {
    Harness h{loom_module_0};
    for (const char* question : {"example.org. A", "example.org. HINFO", "example.org. CH ANY"}) {
        h.behind.push({});
        CHECK(h.ask(question).source == Source::behind);
    }
    CHECK(h.behind.asked().size() == 3);
}
