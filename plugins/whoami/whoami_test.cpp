// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <string>

namespace {

using loom::harness::Answer;
using loom::harness::Harness;
using loom::harness::Question;

Answer ask(const Question& question) {
    Harness h{loom_module_0};
    return h.ask(question);
}

std::string long_name(std::size_t last_label) {
    const std::string label(63, 'a');
    return label + '.' + label + '.' + label + '.' + std::string(last_label, 'b') + '.';
}

}  // namespace

TEST_CASE("plugin/whoami: over UDP and IPv4: gives A and SRV in the additional section") {
    const auto answer = ask(Question{"example.org. A"}.client("192.0.2.7", 4242));

    CHECK(answer.rcode == 0);
    CHECK(answer.is_authoritative());
    CHECK(answer.answer.empty());
    CHECK(answer.authority.empty());
    REQUIRE(answer.additional.size() == 2);
    CHECK(answer.additional[0] == "example.org. 0 IN A 192.0.2.7");
    CHECK(answer.additional[1] == "_udp.example.org. 0 IN SRV 0 0 4242 .");
}

TEST_CASE("plugin/whoami: over TCP and IPv6: gives AAAA and the TCP service") {
    const auto answer = ask(Question{"example.org. MX"}.client("2001:db8::7", 53).tcp());

    REQUIRE(answer.additional.size() == 2);
    CHECK(answer.additional[0] == "example.org. 0 IN AAAA 2001:db8::7");
    CHECK(answer.additional[1] == "_tcp.example.org. 0 IN SRV 0 0 53 .");
}

TEST_CASE("plugin/whoami: QUIC: counts as UDP") {
    const auto answer = ask(Question{"example.org."}.transport(LOOM_TRANSPORT_QUIC));

    REQUIRE(answer.additional.size() == 2);
    CHECK(answer.additional[1].starts_with("_udp."));
}

TEST_CASE("plugin/whoami: question for the root: names the service below it") {
    const auto answer = ask(Question{". NS"}.client("192.0.2.7", 1));

    REQUIRE(answer.additional.size() == 2);
    CHECK(answer.additional[0] == ". 0 IN A 192.0.2.7");
    CHECK(answer.additional[1] == "_udp. 0 IN SRV 0 0 1 .");
}

TEST_CASE("plugin/whoami: a name with no room for one more label: gives no SRV") {
    CHECK(ask(long_name(56) + " A").additional.size() == 2);  // 250 octets
    CHECK(ask(long_name(57) + " A").additional.size() == 1);
}

TEST_CASE("plugin/whoami: class CH: answers in that class") {
    const auto answer = ask(Question{"example.org. CH TXT"}.client("192.0.2.7", 1));

    REQUIRE(answer.additional.size() == 2);
    CHECK(answer.additional[0] == "example.org. 0 CH A 192.0.2.7");
}
