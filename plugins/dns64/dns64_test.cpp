// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using loom::harness::Answer;
using loom::harness::Asked;
using loom::harness::Harness;
using loom::harness::List;
using loom::harness::Question;
using loom::harness::Reply;
using loom::harness::Source;
using loom::harness::Table;
using Records = std::vector<std::string>;

const std::string soa = "example.org. 300 IN SOA ns.example.org. host.example.org. 1 2 3 4 60";
const Reply nodata{.authority = {soa}, .as_wire = true};
const Reply one_a{
    .flags = LOOM_FLAG_AA, .answer = {"example.org. 3600 IN A 192.0.2.33"}, .as_wire = true};

/// An instance before plugins that have a reply for each type.
struct Translated {
    explicit Translated(std::map<std::string, Reply> replies, Table settings = {})
        : h{loom_module_0, std::move(settings)} {
        h.behind.otherwise([replies](const Asked& asked) -> std::optional<Reply> {
            const auto found = replies.find(asked.type);
            return found == replies.end() ? nodata : found->second;
        });
    }
    Answer ask(Question question = "example.org. AAAA") {
        return h.ask(question.client("2001:db8::1"));
    }
    Harness h;
};

}  // namespace

TEST_CASE("plugin/dns64: no AAAA record: is made of the A record") {
    Translated dns64{{{"A", one_a}}};
    const auto answer = dns64.ask();

    CHECK(answer.rcode == 0);
    CHECK(answer.answer == Records{"example.org. 60 IN AAAA 64:ff9b::c000:221"});
    CHECK(dns64.h.behind.asked().size() == 2);
    CHECK(dns64.h.behind.asked()[1].type == "A");
    CHECK(dns64.h.behind.asked()[1].subquery);
    CHECK(dns64.h.metric("dnsloom_dns64_translated_total") == 1);
}

TEST_CASE("plugin/dns64: TTL: is the smallest of A, SOA and MINIMUM, and 600 without SOA") {
    const auto ttl = [](const std::string& a_ttl, Reply denial) {
        Translated dns64{
            {{"AAAA", std::move(denial)},
             {"A", Reply{.answer = {"example.org. " + a_ttl + " IN A 192.0.2.33"}}}}};
        return dns64.ask().answer.at(0);
    };
    const Reply short_soa{
        .authority = {"example.org. 20 IN SOA ns.example.org. host.example.org. 1 2 3 4 60"}};

    CHECK(ttl("10", nodata).starts_with("example.org. 10 "));
    CHECK(ttl("3600", nodata).starts_with("example.org. 60 "));
    CHECK(ttl("3600", short_soa).starts_with("example.org. 20 "));
    CHECK(ttl("3600", Reply{}).starts_with("example.org. 600 "));
    CHECK(ttl("30", Reply{.rcode = 2}).starts_with("example.org. 30 "));
}

TEST_CASE("plugin/dns64: AAAA record there: is passed on untouched") {
    Translated dns64{
        {{"A", one_a},
         {"AAAA", Reply{.answer = {"example.org. 60 IN AAAA 2001:db8::7"}, .as_wire = true}}}};
    const auto answer = dns64.ask();

    CHECK(answer.answer == Records{"example.org. 60 IN AAAA 2001:db8::7"});
    CHECK(answer.wire_form);
    CHECK(dns64.h.behind.asked().size() == 1);
}

TEST_CASE("plugin/dns64: translate_all: does not look at AAAA records, but at NXDOMAIN") {
    const Reply real{.answer = {"example.org. 60 IN AAAA 2001:db8::7"}};
    Translated both{{{"A", one_a}, {"AAAA", real}}, {{"translate_all", true}}};
    Translated only_real{{{"AAAA", real}}, {{"translate_all", true}}};
    Translated gone{{{"A", one_a}, {"AAAA", Reply{.rcode = 3}}}, {{"translate_all", true}}};

    CHECK(both.ask().answer == Records{"example.org. 600 IN AAAA 64:ff9b::c000:221"});
    CHECK(only_real.ask().answer == Records{"example.org. 60 IN AAAA 2001:db8::7"});
    CHECK(gone.ask().rcode == 3);
    CHECK(gone.h.behind.asked().size() == 1);
}

TEST_CASE("plugin/dns64: NXDOMAIN, truncated answers and other questions: are left alone") {
    Translated gone{{{"A", one_a}, {"AAAA", Reply{.rcode = 3, .authority = {soa}}}}};
    Translated cut{{{"A", one_a}, {"AAAA", Reply{.flags = LOOM_FLAG_TC}}}};
    Translated other{{{"A", one_a}}};

    CHECK(gone.ask().rcode == 3);
    CHECK(cut.ask().answer.empty());
    CHECK(other.ask("example.org. A").answer == one_a.answer);
    CHECK(other.ask("example.org. MX").answer.empty());
    CHECK(other.ask("example.org. CH AAAA").answer.empty());
    CHECK(other.h.behind.asked().size() == 3);
}

TEST_CASE("plugin/dns64: client over IPv4: gets no translation unless allow_ipv4") {
    Translated dns64{{{"A", one_a}}};
    Translated allowing{{{"A", one_a}}, {{"allow_ipv4", true}}};

    CHECK(dns64.h.ask(Question{"example.org. AAAA"}.client("192.0.2.1")).answer.empty());
    CHECK(allowing.h.ask(Question{"example.org. AAAA"}.client("192.0.2.1")).answer.size() == 1);
}

TEST_CASE("plugin/dns64: DO and CD: only both together mean no translation") {
    Translated dns64{{{"A", one_a}}};

    CHECK(dns64.ask(Question{"example.org. AAAA"}.dnssec()).answer.size() == 1);
    CHECK(dns64.ask(Question{"example.org. AAAA"}.checking_disabled()).answer.size() == 1);
    CHECK(dns64.ask(Question{"example.org. AAAA"}.dnssec().checking_disabled()).answer.empty());
}

TEST_CASE(
    "plugin/dns64: alias and signatures: the alias stays, what signs A records goes, AD too") {
    const Reply signed_a{
        .flags = LOOM_FLAG_AD,
        .answer =
            {"www.example.org. 60 IN CNAME example.org.",
             "example.org. 60 IN A 192.0.2.33",
             "example.org. 60 IN A 192.0.2.34",
             "example.org. 60 IN RRSIG A 13 2 60 20300101000000 20200101000000 1 example.org. "
             "AAAA"},
        .authority = {"example.org. 60 IN NS ns.example.org."},
        .as_wire = true};
    Translated dns64{{{"A", signed_a}}};
    const auto answer = dns64.ask(Question{"www.example.org. AAAA"}.dnssec());

    CHECK(
        answer.answer == Records{
                             "www.example.org. 60 IN CNAME example.org.",
                             "example.org. 60 IN AAAA 64:ff9b::c000:221",
                             "example.org. 60 IN AAAA 64:ff9b::c000:222"});
    CHECK(answer.authority == signed_a.authority);
    CHECK((answer.flags & LOOM_FLAG_AD) == 0);
}

TEST_CASE("plugin/dns64: exclude: such AAAA records do not count, and are left out beside others") {
    const Reply mapped{.answer = {"example.org. 60 IN AAAA ::ffff:10.0.0.1"}};
    const Reply mixed{
        .answer = {
            "example.org. 60 IN AAAA ::ffff:10.0.0.1",
            "example.org. 60 IN AAAA 2001:db8::7",
            "example.org. 60 IN RRSIG AAAA 13 2 60 20300101000000 20200101000000 1 example.org. "
            "AAAA"}};
    Translated only{{{"A", one_a}, {"AAAA", mapped}}};
    Translated some{{{"A", one_a}, {"AAAA", mixed}}};
    Translated other{{{"A", one_a}, {"AAAA", mixed}}, {{"exclude", List{"2001:db8::/32"}}}};

    CHECK(only.ask().answer == Records{"example.org. 600 IN AAAA 64:ff9b::c000:221"});
    CHECK(some.ask().answer == Records{"example.org. 60 IN AAAA 2001:db8::7"});
    CHECK(other.ask().answer == Records{"example.org. 60 IN AAAA ::ffff:10.0.0.1"});
}

TEST_CASE("plugin/dns64: exclude_ipv4: such A records are not translated") {
    const Reply two{.answer = {"example.org. 60 IN A 10.0.0.1", "example.org. 60 IN A 192.0.2.33"}};
    Translated some{{{"A", two}}, {{"exclude_ipv4", "10.0.0.0/8"}}};
    Translated none{{{"A", two}}, {{"exclude_ipv4", List{"10.0.0.0/8", "192.0.2.0/24"}}}};

    CHECK(some.ask().answer == Records{"example.org. 60 IN AAAA 64:ff9b::c000:221"});
    CHECK(none.ask().answer.empty());
    CHECK(none.ask().authority == Records{soa});
}

TEST_CASE("plugin/dns64: prefix: is where the addresses go") {
    Translated dns64{{{"A", one_a}}, {{"prefix", "2001:db8:122:344::/64"}}};

    CHECK(dns64.ask().answer == Records{"example.org. 60 IN AAAA 2001:db8:122:344:c0:2:2100:0"});
}

TEST_CASE("plugin/dns64: no A record either: the denial of AAAA stays") {
    Translated none{{}};
    Translated gone{{{"A", Reply{.rcode = 3}}}};

    CHECK(none.ask().authority == Records{soa});
    CHECK(gone.ask().rcode == 0);
    CHECK(gone.ask().authority == Records{soa});
    CHECK(none.h.metric("dnsloom_dns64_translated_total") == 0);
}

TEST_CASE("plugin/dns64: A fails: is SERVFAIL, but an error for AAAA stays what it was") {
    Translated fails{{{"A", Reply{.rcode = 5}}}};
    Translated both{{{"A", Reply{.rcode = 2}}, {"AAAA", Reply{.rcode = 5}}}};
    Translated late{{{"A", Reply{.lost = true}}}};

    CHECK(fails.ask().rcode == 2);
    CHECK(fails.h.metric("dnsloom_dns64_failures_total") == 1);
    CHECK(both.ask().rcode == 5);
    CHECK(late.ask().pending);
    late.h.advance(30s);
    CHECK(late.h.suspended_count() == 0);
}

TEST_CASE("plugin/dns64: AAAA answered with an error: is taken for no record") {
    Translated dns64{{{"A", one_a}, {"AAAA", Reply{.rcode = 2}}}};
    const auto answer = dns64.ask();

    CHECK(answer.rcode == 0);
    CHECK(answer.answer == Records{"example.org. 600 IN AAAA 64:ff9b::c000:221"});
}

TEST_CASE("plugin/dns64: host without room for more suspended queries: is SERVFAIL") {
    Harness h{loom_module_0, {}, {.suspended_max = 0}};
    h.behind.otherwise([](const Asked&) { return nodata; });

    CHECK(h.ask(Question{"example.org. AAAA"}.client("2001:db8::1")).rcode == 2);
    CHECK(h.metric("dnsloom_dns64_failures_total") == 1);
}

namespace {

const std::string reverse =
    "1.2.2.0.0.0.0.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa.";
const Reply pointer{
    .flags = LOOM_FLAG_AA | LOOM_FLAG_RA,
    .answer = {"33.2.0.192.in-addr.arpa. 50 IN PTR host.example.org."},
    .as_wire = true};

}  // namespace

TEST_CASE("plugin/dns64: PTR of a translated address: is an alias to the IPv4 one's") {
    Translated dns64{{{"PTR", pointer}}};
    const auto answer = dns64.ask(reverse + " PTR");

    CHECK(
        answer.answer == Records{
                             reverse + " 50 IN CNAME 33.2.0.192.in-addr.arpa.",
                             "33.2.0.192.in-addr.arpa. 50 IN PTR host.example.org."});
    CHECK_FALSE(answer.is_authoritative());
    REQUIRE(dns64.h.behind.asked().size() == 1);
    CHECK(dns64.h.behind.asked()[0].name == "33.2.0.192.in-addr.arpa.");
    CHECK(dns64.h.metric("dnsloom_dns64_reversed_total") == 1);
}

TEST_CASE("plugin/dns64: PTR without a name, and one that fails") {
    Translated gone{{{"PTR", Reply{.rcode = 3, .authority = {soa}}}}};
    Translated fails{{{"PTR", Reply{.rcode = 2}}}};
    const auto answer = gone.ask(reverse + " PTR");

    CHECK(answer.rcode == 3);
    CHECK(answer.answer == Records{reverse + " 60 IN CNAME 33.2.0.192.in-addr.arpa."});
    CHECK(answer.authority == Records{soa});
    CHECK(fails.ask(reverse + " PTR").rcode == 2);
}

TEST_CASE("plugin/dns64: PTR of other names, and with ptr = false: goes on") {
    Translated other{{{"PTR", pointer}}, {{"prefix", "2001:db8::/96"}}};
    Translated off{{{"PTR", pointer}}, {{"ptr", false}}};

    CHECK(other.ask(reverse + " PTR").answer == pointer.answer);
    CHECK(off.ask(reverse + " PTR").answer == pointer.answer);
    CHECK(off.h.behind.asked()[0].name == reverse);
}

TEST_CASE("plugin/dns64: options: mistakes are refused with what to change") {
    const auto error = [](Table settings) {
        return Harness::refusal(loom_module_0, std::move(settings));
    };

    CHECK(error({{"prefix", "64:ff9b::/95"}}).find("32, 40, 48") != std::string::npos);
    CHECK(error({{"exclude", "x"}}).find("is no network") != std::string::npos);
    CHECK(error({{"exclude_ipv4", "10.0.0.1/8"}}).find("write 10.0.0.0/8") != std::string::npos);
}
