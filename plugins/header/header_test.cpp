// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

using namespace loom::harness;

namespace {

Reply answered(std::uint16_t flags) {
    Reply reply;
    reply.flags = flags;
    reply.answer = {"example.org. A 192.0.2.1"};
    return reply;
}

}  // namespace

TEST_CASE("plugin/header: response: sets and clears bits that the client gets") {
    Harness h{
        loom_module_0, {{"response", Table{{"set", List{"aa"}}, {"clear", List{"ra", "ad"}}}}}};
    h.behind.push(answered(LOOM_FLAG_RA | LOOM_FLAG_AD | LOOM_FLAG_CD));

    const auto answer = h.ask(Question{"example.org. A"}.authentic_data());

    CHECK(answer.flags == (LOOM_FLAG_AA | LOOM_FLAG_CD));
    CHECK(answer.answer.size() == 1);
}

TEST_CASE("plugin/header: query: plugins behind see the bits, the client's own are kept") {
    Harness h{loom_module_0, {{"query", Table{{"set", List{"cd"}}, {"clear", List{"rd"}}}}}};
    h.behind.push(answered(0));

    const auto answer = h.ask(Question{"example.org. A"});

    const auto& asked = h.behind.asked().at(0);
    CHECK((asked.flags & LOOM_QUERY_CD) != 0);
    CHECK((asked.flags & LOOM_QUERY_RD) == 0);
    REQUIRE(answer.message.size() > 3);
    CHECK((answer.message[2] & 1) == 1);     // RD
    CHECK((answer.message[3] & 0x10) == 0);  // CD
}

TEST_CASE("plugin/header: query: bits that are not named stay") {
    Harness h{loom_module_0, {{"query", Table{{"set", List{"ad"}}}}}};
    h.behind.push(answered(0));

    h.ask(Question{"example.org. A"}.checking_disabled());

    const auto flags = h.behind.asked().at(0).flags;
    CHECK(
        (flags & (LOOM_QUERY_RD | LOOM_QUERY_CD | LOOM_QUERY_AD)) ==
        (LOOM_QUERY_RD | LOOM_QUERY_CD | LOOM_QUERY_AD));
}

TEST_CASE("plugin/header: configuration: says what is wrong") {
    CHECK(Harness::refusal(loom_module_0, {}).find("nothing to do") != std::string::npos);
    CHECK(
        Harness::refusal(loom_module_0, {{"response", Table{{"set", List{"rd"}}}}}).find("aa") !=
        std::string::npos);
    CHECK(
        Harness::refusal(
            loom_module_0, {{"query", Table{{"set", List{"rd"}}, {"clear", List{"rd"}}}}})
            .find("twice") != std::string::npos);
}
