// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace loom::harness;
using namespace std::chrono_literals;

namespace {

Reply failure(std::string_view text, std::uint8_t code = 23) {
    Reply reply;
    reply.rcode = 2;
    EdnsOption error{15, {0, code}};
    error.value.insert(error.value.end(), text.begin(), text.end());
    reply.options = {error};
    return reply;
}

void fail(Harness& h, std::string_view text, int times = 1) {
    for (int i = 0; i < times; ++i) {
        h.behind.push(failure(text));
        h.ask("example.org. MX");
    }
}

Table rule(const char* regexp, const char* duration) {
    return {{"regexp", regexp}, {"duration", duration}};
}
Table with(Table fields, const char* key, Value value) {
    fields.push_back({key, std::move(value)});
    return fields;
}
Table consolidating(Table fields) { return {{"consolidate", List{std::move(fields)}}}; }

}  // namespace

TEST_CASE("plugin/errors: SERVFAIL: is logged with its extended error") {
    Harness h{loom_module_0};
    h.behind.push(failure("192.0.2.53:53: timed out"));

    const auto answer = h.ask("Example.org. MX");

    CHECK(answer.rcode == 2);
    REQUIRE(h.log().size() == 1);
    const auto& line = h.log()[0];
    CHECK(line.level == LOOM_LOG_ERROR);
    CHECK(line.message == "query failed");
    CHECK(line.field("rcode") == "SERVFAIL");
    CHECK(line.field("name") == "Example.org.");
    CHECK(line.field("type") == "MX");
    CHECK(line.field("error").ends_with(": 192.0.2.53:53: timed out"));
    CHECK(h.metric("dnsloom_errors_total") == 1);
}

TEST_CASE("plugin/errors: SERVFAIL without a reason: says so, and names the upstream") {
    Harness h{loom_module_0};
    h.behind.push({.rcode = 2});
    h.ask("example.org. A");
    CHECK(h.log().at(0).field("error") == "no reason given");

    h.behind.push({.rcode = 2});
    h.ask(Question{"example.org. A"}.meta("forward/upstream", "192.0.2.53:53"));
    CHECK(h.log().at(1).field("error") == "from 192.0.2.53:53");
}

TEST_CASE("plugin/errors: several and malformed extended errors: are taken for what they are") {
    Harness h{loom_module_0};
    auto reply = failure("one");
    reply.options.push_back({15, {0}});
    reply.options.push_back({15, {0, 22}});
    h.behind.push(reply);
    h.ask("example.org. A");
    const auto text = h.log().at(0).field("error");
    CHECK(text.find(": one; ") != std::string::npos);
}

TEST_CASE("plugin/errors: other responses: are not logged") {
    Harness h{loom_module_0};
    for (const std::uint16_t rcode : std::initializer_list<std::uint16_t>{0, 1, 3, 4, 5}) {
        h.behind.push({.rcode = rcode});
        h.ask("example.org. A");
    }
    CHECK(h.log().empty());
    CHECK(h.metric("dnsloom_errors_total") == 0);
}

TEST_CASE("plugin/errors: consolidate: matching errors are told in one line when time is up") {
    Harness h{loom_module_0, consolidating(rule("timed out$", "30s"))};
    fail(h, "a: timed out");
    h.advance(20s);
    fail(h, "b: timed out", 2);
    CHECK(h.log().empty());
    fail(h, "refused");
    CHECK(h.log().size() == 1);
    h.advance(9s);
    CHECK(h.log().size() == 1);
    h.advance(1s);
    REQUIRE(h.log().size() == 2);
    CHECK(h.log()[1].message == "3 errors like 'timed out$' occurred in last 30s");
    CHECK(h.log()[1].level == LOOM_LOG_ERROR);
    CHECK(h.metric("dnsloom_errors_total") == 4);
    CHECK(h.metric("dnsloom_errors_consolidated_total") == 3);

    h.advance(1h);
    CHECK(h.log().size() == 2);
    fail(h, "c: timed out");
    h.advance(30s);
    CHECK(h.log().size() == 3);
}

TEST_CASE("plugin/errors: consolidate: the first rule that matches counts") {
    Harness h{loom_module_0, {{"consolidate", List{rule("timed", "10s"), rule("out", "1s")}}}};
    fail(h, "timed out");
    fail(h, "out of sockets");
    h.advance(1s);
    REQUIRE(h.log().size() == 1);
    CHECK(h.log()[0].message == "1 errors like 'out' occurred in last 1s");
    h.advance(9s);
    CHECK(h.logged("1 errors like 'timed' occurred in last 10s"));
}

TEST_CASE("plugin/errors: consolidate: level is that of the line") {
    for (const auto& [name, level] :
         {std::pair{"error", LOOM_LOG_ERROR},
          std::pair{"warning", LOOM_LOG_WARNING},
          std::pair{"info", LOOM_LOG_INFO},
          std::pair{"debug", LOOM_LOG_DEBUG}}) {
        Harness h{loom_module_0, consolidating(with(rule(".", "1s"), "level", name))};
        fail(h, "x");
        h.advance(1s);
        CHECK(h.log().at(0).level == level);
    }
}

TEST_CASE("plugin/errors: consolidate: show_first tells the first at once, alone it is all") {
    Harness h{
        loom_module_0,
        consolidating(with(with(rule("x", "5s"), "show_first", true), "level", "warning"))};
    fail(h, "x");
    REQUIRE(h.log().size() == 1);
    CHECK(h.log()[0].message == "query failed");
    CHECK(h.log()[0].level == LOOM_LOG_WARNING);
    h.advance(5s);
    CHECK(h.log().size() == 1);

    fail(h, "x", 3);
    CHECK(h.log().size() == 2);
    h.advance(5s);
    CHECK(h.log().at(2).message == "3 errors like 'x' occurred in last 5s");
}

TEST_CASE("plugin/errors: consolidate: one window is for all workers") {
    Harness h{loom_module_0, consolidating(rule("x", "5s")), {.workers = 2}};
    for (const std::uint32_t worker : {1U, 0U, 1U}) {
        h.behind.push(failure("x"));
        h.ask(Question{"example.org. A"}.worker(worker));
    }
    h.advance(5s);
    REQUIRE(h.log().size() == 1);
    CHECK(h.log()[0].message.starts_with("3 errors"));
}

TEST_CASE("plugin/errors: stop: what was counted is told") {
    Harness h{loom_module_0, consolidating(rule("x", "1h"))};
    fail(h, "x", 2);
    h.stop();
    CHECK(h.logged("2 errors like 'x' occurred in last 3600s"));
}

TEST_CASE("plugin/errors: configuration: says what is wrong") {
    const auto refusal = [](Table fields) {
        return Harness::refusal(loom_module_0, consolidating(std::move(fields)));
    };
    CHECK(refusal(rule("(", "5s")).find("no regular expression") != std::string::npos);
    CHECK_FALSE(refusal(rule("", "5s")).empty());
    CHECK_FALSE(refusal(rule("x", "999ms")).empty());
    CHECK_FALSE(refusal(rule("x", "25h")).empty());
    CHECK_FALSE(refusal({{"regexp", "x"}}).empty());
    CHECK_FALSE(refusal({{"duration", "5s"}}).empty());
    CHECK_FALSE(refusal(with(rule("x", "5s"), "level", "loud")).empty());
    CHECK_FALSE(refusal(with(rule("x", "5s"), "show_first", "yes")).empty());
    CHECK_FALSE(refusal(rule(std::string(10'001, 'x').c_str(), "5s")).empty());
    CHECK(refusal(rule(std::string(10'000, 'x').c_str(), "5s")).empty());
    CHECK_FALSE(
        Harness::refusal(loom_module_0, {{"consolidate", List(65, rule("x", "5s"))}}).empty());
}
