// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace loom::harness;

namespace {

constexpr const char* counter = "dnsloom_local_localhost_requests_total";

std::string soa_of(const std::string& owner) {
    return owner + " 604800 IN SOA localhost. root.localhost. 1 0 0 0 604800";
}

void check_answer(Harness& h, const std::string& question, const std::string& record) {
    CAPTURE(question);
    const auto answer = h.ask(question);
    CHECK(answer.rcode == 0);
    CHECK(answer.is_authoritative());
    REQUIRE(answer.answer.size() == 1);
    CHECK(answer.answer[0] == record);
    CHECK(answer.authority.empty());
}

void check_denial(Harness& h, const std::string& question, int rcode, const std::string& zone) {
    CAPTURE(question);
    const auto answer = h.ask(question);
    CHECK(answer.source == Source::plugin);
    CHECK(answer.rcode == rcode);
    CHECK(answer.is_authoritative());
    CHECK(answer.answer.empty());
    REQUIRE(answer.authority.size() == 1);
    CHECK(answer.authority[0] == soa_of(zone));
}

std::string ipv6_name(const std::string& first) {
    std::string name = first;
    for (int i = 0; i < 31; ++i) name += ".0";
    return name + ".ip6.arpa.";
}

}  // namespace

TEST_CASE("plugin/local: localhost: has addresses, SOA and NS") {
    Harness h{loom_module_0};
    check_answer(h, "LocalHost. A", "LocalHost. 604800 IN A 127.0.0.1");
    check_answer(h, "localhost. AAAA", "localhost. 604800 IN AAAA ::1");
    check_answer(h, "localhost. SOA", soa_of("localhost."));
    check_answer(h, "localhost. NS", "localhost. 604800 IN NS localhost.");
    check_denial(h, "localhost. MX", 0, "localhost.");
    CHECK(h.metric(counter) == 0);
}

TEST_CASE("plugin/local: a name below localhost: has addresses and is counted") {
    Harness h{loom_module_0};
    check_answer(h, "a.b.localhost. A", "a.b.localhost. 604800 IN A 127.0.0.1");
    check_answer(h, "a.localhost. AAAA", "a.localhost. 604800 IN AAAA ::1");
    check_denial(h, "a.localhost. NS", 0, "localhost.");
    CHECK(h.metric(counter) == 3);
}

TEST_CASE("plugin/local: localhost in front: is local and counted, unless switched off") {
    Harness h{loom_module_0};
    check_answer(h, "localhost.example.org. A", "localhost.example.org. 604800 IN A 127.0.0.1");
    check_denial(h, "LOCALHOST.example.org. TXT", 0, "LOCALHOST.example.org.");
    CHECK(h.metric(counter) == 2);
    CHECK(h.ask("localhostile.example.org. A").source == Source::nobody);
    CHECK(h.ask("a.localhost.example.org. A").source == Source::nobody);

    Harness off{loom_module_0, {{"localhost_prefix", false}}};
    CHECK(off.ask("localhost.example.org. A").source == Source::nobody);
    check_answer(off, "localhost.localhost. AAAA", "localhost.localhost. 604800 IN AAAA ::1");
}

TEST_CASE("plugin/local: reverse zones: have SOA and NS at the apex, and nothing but 127.0.0.1") {
    Harness h{loom_module_0};
    for (const std::string zone : {"0.in-addr.arpa.", "127.in-addr.arpa.", "255.in-addr.arpa."}) {
        check_answer(h, zone + " SOA", soa_of(zone));
        check_answer(h, zone + " NS", zone + " 604800 IN NS localhost.");
        check_denial(h, zone + " A", 0, zone);
        check_denial(h, "9.0.0." + zone + " PTR", 3, zone);
    }
    check_answer(
        h, "1.0.0.127.in-addr.arpa. PTR", "1.0.0.127.in-addr.arpa. 604800 IN PTR localhost.");
    check_denial(h, "1.0.0.127.in-addr.arpa. SOA", 0, "127.in-addr.arpa.");
    check_denial(h, "2.0.0.127.in-addr.arpa. PTR", 3, "127.in-addr.arpa.");
    CHECK(h.metric(counter) == 0);
}

TEST_CASE("plugin/local: names on the way to 127.0.0.1: are empty, but exist") {
    Harness h{loom_module_0};
    check_denial(h, "0.127.in-addr.arpa. PTR", 0, "127.in-addr.arpa.");
    check_denial(h, "0.0.127.in-addr.arpa. PTR", 0, "127.in-addr.arpa.");
    check_denial(h, "1.127.in-addr.arpa. PTR", 3, "127.in-addr.arpa.");
}

TEST_CASE("plugin/local: ::1: has a name, its neighbours are not local") {
    Harness h{loom_module_0};
    const auto one = ipv6_name("1");
    check_answer(h, one + " PTR", one + " 604800 IN PTR localhost.");
    check_answer(h, one + " SOA", soa_of(one));
    check_denial(h, one + " A", 0, one);
    check_denial(h, "0." + one + " PTR", 3, one);
    CHECK(h.ask(ipv6_name("2") + " PTR").source == Source::nobody);
}

TEST_CASE("plugin/local: other names: are passed on") {
    Harness h{loom_module_0};
    for (const char* name :
         {".", "org.", "example.org.", "in-addr.arpa.", "1.0.0.10.in-addr.arpa.", "ip6.arpa."})
        CHECK(h.ask(std::string{name} + " A").source == Source::nobody);
}
