// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <unistd.h>

#include <string>
#include <vector>

using namespace loom::harness;

namespace {

// The strings of the answer, or what its source is when nobody here answered.
std::vector<std::string> said(Harness& h, const std::string& question) {
    const auto answer = h.ask(question);
    if (answer.source != Source::plugin) return {"passed on"};
    std::vector<std::string> strings;
    for (const auto& record : answer.answer) {
        const auto quote = record.find('"');
        CHECK(record.substr(0, quote).ends_with(" 0 CH TXT "));
        strings.push_back(record.substr(quote + 1, record.size() - quote - 2));
    }
    return strings;
}

using Strings = std::vector<std::string>;
const Strings passed_on = {"passed on"};

}  // namespace

TEST_CASE("plugin/chaos: version: is answered under both names in any spelling") {
    Harness h{loom_module_0, {{"version", "mine 1"}}};
    CHECK(said(h, "version.bind. CH TXT") == Strings{"mine 1"});
    CHECK(said(h, "VERSION.server. CH TXT") == Strings{"mine 1"});
    CHECK(h.ask("VERSION.server. CH TXT").answer.at(0).starts_with("VERSION.server. "));
}

TEST_CASE("plugin/chaos: version: names the program by default") {
    Harness h{loom_module_0};
    CHECK(said(h, "version.bind. CH TXT").at(0).starts_with("dnsloom-"));
}

TEST_CASE("plugin/chaos: hostname: is the option's or the system's") {
    Harness own{loom_module_0, {{"hostname", "edge"}}};
    CHECK(said(own, "hostname.bind. CH TXT") == Strings{"edge"});
    CHECK(said(own, "id.server. CH TXT") == Strings{"edge"});

    char name[256] = {};
    REQUIRE(gethostname(name, sizeof name - 1) == 0);
    Harness h{loom_module_0};
    CHECK(said(h, "id.server. CH TXT") == Strings{name});
}

TEST_CASE("plugin/chaos: authors: come sorted, each once, and each is first in turn") {
    Harness h{loom_module_0, {{"authors", List{"C", "A", "B", "A"}}}};
    CHECK(said(h, "authors.bind. CH TXT") == Strings{"A", "B", "C"});
    CHECK(said(h, "authors.bind. CH TXT") == Strings{"B", "C", "A"});
    CHECK(said(h, "authors.bind. CH TXT") == Strings{"C", "A", "B"});
}

TEST_CASE("plugin/chaos: an empty option: keeps the answer to itself") {
    Harness h{loom_module_0, {{"version", ""}, {"hostname", ""}, {"authors", List{}}}};
    for (const char* name :
         {"version.bind", "version.server", "hostname.bind", "id.server", "authors.bind"})
        CHECK(said(h, std::string{name} + " CH TXT") == passed_on);
}

TEST_CASE("plugin/chaos: other names, types and classes: are passed on") {
    Harness h{loom_module_0};
    for (const char* question :
         {"version.bind. IN TXT", "version.bind. CH A", "bind. CH TXT", "x.version.bind. CH TXT"})
        CHECK(said(h, question) == passed_on);
}

TEST_CASE("plugin/chaos: a string: has 255 octets at most") {
    for (const char* name : {"version", "hostname", "authors"}) {
        CHECK(Harness::refusal(loom_module_0, {{name, std::string(255, 'x')}}).empty());
        CHECK_FALSE(Harness::refusal(loom_module_0, {{name, std::string(256, 'x')}}).empty());
    }
    Harness h{loom_module_0, {{"version", std::string(255, 'x')}}};
    CHECK(said(h, "version.bind. CH TXT").at(0).size() == 255);
}

TEST_CASE("plugin/chaos: authors: there are 64 at most") {
    CHECK(Harness::refusal(loom_module_0, {{"authors", List(64, "x")}}).empty());
    CHECK_FALSE(Harness::refusal(loom_module_0, {{"authors", List(65, "x")}}).empty());
}
