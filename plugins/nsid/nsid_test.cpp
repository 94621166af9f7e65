// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <unistd.h>

#include <string>

using namespace loom::harness;

namespace {

constexpr std::uint16_t nsid = 3;

std::vector<std::string> ids(const Answer& answer) {
    std::vector<std::string> found;
    for (const auto& option : answer.options)
        if (option.code == nsid) found.emplace_back(option.value.begin(), option.value.end());
    return found;
}

Question asking() { return Question{"example.org. A"}.option(nsid, {}); }

}  // namespace

TEST_CASE("plugin/nsid: a client that asks: gets the identifier with the answer from behind") {
    Harness h{loom_module_0, {{"data", "edge 7"}}};
    h.behind.push({.answer = {"example.org. A 192.0.2.1"}});

    const auto answer = h.ask(asking());

    CHECK(ids(answer) == std::vector<std::string>{"edge 7"});
    CHECK(answer.answer.size() == 1);
}

TEST_CASE("plugin/nsid: a wire answer, an error and nobody behind: have the identifier as well") {
    Harness h{loom_module_0, {{"data", "edge"}}};
    h.behind.push({.answer = {"example.org. A 192.0.2.1"}, .as_wire = true});
    CHECK(ids(h.ask(asking())).size() == 1);
    h.behind.push({.rcode = 2});
    CHECK(ids(h.ask(asking())).size() == 1);
    const auto answer = h.ask(asking());
    CHECK(answer.rcode == 5);
    CHECK(ids(answer).size() == 1);
}

TEST_CASE("plugin/nsid: a client that does not ask: gets none") {
    Harness h{loom_module_0, {{"data", "edge"}}};
    const std::uint8_t cookie[8] = {};
    for (const auto& question :
         {Question{"example.org. A"},
          Question{"example.org. A"}.edns(),
          Question{"example.org. A"}.option(10, cookie)}) {
        h.behind.push({});
        CHECK(ids(h.ask(question)).empty());
    }
}

TEST_CASE("plugin/nsid: data: is the host name by default, and 1 to 255 octets") {
    char name[256] = {};
    REQUIRE(gethostname(name, sizeof name - 1) == 0);
    Harness h{loom_module_0};
    h.behind.push({});
    CHECK(ids(h.ask(asking())) == std::vector<std::string>{name});

    CHECK(Harness::refusal(loom_module_0, {{"data", std::string(255, 'x')}}).empty());
    CHECK_FALSE(Harness::refusal(loom_module_0, {{"data", std::string(256, 'x')}}).empty());
    CHECK_FALSE(Harness::refusal(loom_module_0, {{"data", ""}}).empty());
}
