// SPDX-License-Identifier: Apache-2.0
#include "line_format.hpp"
#include "line_rate.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace loom::log;

namespace {

std::string problem(std::string_view text) {
    const auto made = LineFormat::compile(
        text, [](std::string_view name) { return name.contains('/') ? 1U : 0U; });
    return made ? "" : made.error();
}

constexpr std::uint64_t second = 1'000'000'000;

}  // namespace

TEST_CASE("log/format: compile: every field of CoreDNS is known") {
    CHECK(
        problem("{type} {name} {class} {proto} {remote} {local} {port} {size} {duration} {rcode} "
                "{rsize}") == "");
    CHECK(problem("{>id} {>opcode} {>do} {>bufsize} {>rflags} {/geoip/country/code}") == "");
    CHECK(problem("x {common} y {combined} z") == "");
}

TEST_CASE("log/format: compile: mistakes are told with what was meant") {
    CHECK(problem("{rmote}").starts_with("there is no {rmote}: did you mean \"remote\"?"));
    CHECK(problem("{id}").find("did you mean \">id\"?") != std::string::npos);
    CHECK(problem("{>name}").find("did you mean \"name\"?") != std::string::npos);
    CHECK(
        problem("{/geoip}") ==
        "there is no {/geoip}: write {/PLUGIN/FACT}, as in {/geoip/country/code}");
    CHECK(problem("{name") == "a { without its }");
    CHECK(problem("nothing").find("has no {field}") != std::string::npos);
    CHECK(problem("").find("has no {field}") != std::string::npos);
    CHECK(problem(std::string(4097, 'x')) == "the format has more than 4096 characters");
    std::string many;
    for (int i = 0; i < 129; ++i) many += "{name}";
    CHECK(problem(many) == "the format has more than 128 fields");
    many.clear();
    for (int i = 0; i < 300; ++i) many += "{combined}";
    CHECK(problem(many) == "the format has more than 128 fields");
}

TEST_CASE("log/rate: take: so many at once, then so many a second") {
    LineRate rate{2};
    CHECK(rate.take(5 * second));
    CHECK(rate.take(5 * second));
    CHECK_FALSE(rate.take(5 * second));
    CHECK_FALSE(rate.take(5 * second + second / 2 - 1));
    CHECK(rate.take(5 * second + second / 2));
    CHECK_FALSE(rate.take(5 * second + second / 2));
    CHECK(rate.take(1000 * second));
    CHECK(rate.take(1000 * second));
    CHECK_FALSE(rate.take(1000 * second));
}

TEST_CASE("log/rate: 0 is no limit, and the largest does not overflow") {
    LineRate none{0};
    LineRate large{second};
    for (int i = 0; i < 1000; ++i) {
        CHECK(none.take(1));
        CHECK(large.take(static_cast<std::uint64_t>(i) * second));
    }
}
