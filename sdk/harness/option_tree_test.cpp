// SPDX-License-Identifier: Apache-2.0
#include "puppet.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace loom::harness;
using namespace loom::harness::test;

namespace {

/// Makes an instance with these settings and has `check` look at what it reads.
void read(Table settings, std::function<void(const loom::Options&)> check, Setup setup = {}) {
    const Harness h{
        pulled_by({.create = [&](Puppet&, const loom::Options& options) { check(options); }}),
        std::move(settings),
        std::move(setup)};
}

struct Refusal {
    std::string text;
    std::uint32_t line = 0;
};

Refusal refusal(Table settings) {
    try {
        const Harness h{pulled_by({}), std::move(settings)};
    } catch (const Refused& refused) {
        return {refused.what(), refused.line()};
    }
    return {};
}

}  // namespace

TEST_CASE("harness/options: values of each type: are read in the ABI's units") {
    const Table settings{
        {"mode", "fast"},
        {"count", 3},
        {"ttl", "250ms"},
        {"room", 512},
        {"share", 0.5},
        {"on", false},
        {"zone", "10.0.0.0/8"},
        {"path", "zones/../db"},
        {"to", List{"192.0.2.1", "[2001:db8::1]:5353"}},
        {"via", Table{{"to", "192.0.2.9:53"}}}};
    read(settings, [](const loom::Options& options) {
        CHECK(options["mode"].string() == "fast");
        CHECK(options["count"].integer() == 3);
        CHECK(options["ttl"].duration() == std::chrono::milliseconds{250});
        CHECK(options["room"].integer() == 512);
        CHECK(options["share"].real() == 0.5);
        CHECK_FALSE(options["on"].boolean());
        CHECK(options["zone"].name().size() == 17);
        CHECK(options["zone"].name()[1] == '1');
        CHECK(options["path"].string() == "/etc/dnsloom/db");
        REQUIRE(options["to"].size() == 2);
        CHECK(options["to"][0].endpoint().port == 0);
        CHECK(options["to"][0].endpoint().family == 4);
        CHECK(options["to"][0].endpoint().ip[10] == 0xFF);
        CHECK(options["to"][1].endpoint().port == 5353);
        CHECK(options["to"][1].endpoint().family == 6);
        CHECK(options["via"].table()["to"].endpoint().port == 53);
        CHECK(options["via"].table()["weight"].integer() == 1);
        CHECK(options["count"].given());
    });
}

TEST_CASE("harness/options: what is not given: has its default, or nothing") {
    read({}, [](const loom::Options& options) {
        CHECK(options["ttl"].duration() == std::chrono::minutes{90});
        CHECK(options["room"].integer() == 64 << 20);
        CHECK(options["on"].boolean());
        CHECK_FALSE(options["on"].given());
        CHECK_FALSE(options.find("count"));
    });
}

TEST_CASE("harness/options: a single value: is a list of one") {
    read({{"to", "192.0.2.1"}}, [](const loom::Options& options) {
        CHECK(options["to"].size() == 1);
        CHECK(options["to"][0].endpoint().ip[15] == 1);
    });
}

TEST_CASE("harness/options: the server's zones: are in wire form and lower case") {
    const Setup setup{.zones = {"Example.org", "192.0.2.0/24"}};
    read(
        {},
        [](const loom::Options& options) {
            REQUIRE(options.zone_count() == 2);
            CHECK(options.zone(0)[1] == 'e');
            CHECK(options.zone(1)[1] == '2');
        },
        setup);
}

TEST_CASE("harness/options: values that are not what the option takes: are refused with the line") {
    struct Case {
        Setting setting;
        std::string_view text;
    };
    const std::vector<Case> cases{
        {{"mode", "medium"}, "fast|slow"},
        {{"mode", 3}, "string"},
        {{"count", 11}, "within 1 and 10"},
        {{"count", "3"}, "integer"},
        {{"ttl", "soon"}, "duration"},
        {{"ttl", "5 s"}, "duration"},
        {{"ttl", 5}, "duration"},
        {{"room", "64XiB"}, "size"},
        {{"share", "half"}, "number"},
        {{"zone", "a..b"}, "domain name"},
        {{"path", ""}, "path"},
        {{"to", "192.0.2.1:0"}, "address"},
        {{"to", "dns.example:53"}, "address"},
        {{"to", List{"192.0.2.1", "192.0.2.2", "192.0.2.3"}}, "more than 2"},
        {{"via", "192.0.2.1"}, "table"},
        {{"via", Table{}}, "must be given"},
        {{"colour", "red"}, "colour"}};
    for (const auto& c : cases) {
        CAPTURE(c.setting.key);
        // Another option first, so that the line is not 1.
        const auto refused = refusal({{"on", true}, c.setting});
        CHECK(refused.text.contains(c.text));
        CHECK(refused.line == 2);
    }
    CHECK(refusal({{"on", 1}}).text.contains("true or false"));
}

TEST_CASE("harness/options: an option twice: is refused") {
    CHECK(refusal({{"count", 1}, {"count", 2}}).line == 2);
}
