// SPDX-License-Identifier: Apache-2.0
#include "zone_fixture.hpp"

#include <dnsloom/dns/truncate.hpp>

#include <doctest/doctest.h>

#include <string>

using loom::file::test::data;
using loom::file::test::kinds;
using loom::file::test::Lines;
using loom::file::test::Server;
using loom::harness::Answer;
using loom::harness::Question;
using loom::harness::Reply;

namespace {

constexpr std::string_view plain_zone = R"($TTL 300
@           IN SOA ns1 host 7 7200 3600 1209600 60
@           IN NS ns1
@           IN NS ns.elsewhere.test.
@           IN MX 10 mail
@           IN MX 20 Mail.Elsewhere.test.
@           IN HTTPS 1 . alpn=h2
@           IN A 192.0.2.80
ns1         IN A 192.0.2.1
ns1         IN AAAA 2001:db8::1
mail        IN A 192.0.2.25
www         IN CNAME web
web         IN A 192.0.2.2
web         IN A 192.0.2.3
far         IN CNAME www.elsewhere.test.
near        IN CNAME far
loop1       IN CNAME loop2
loop2       IN CNAME loop1
self        IN CNAME self
gone        IN CNAME nothing
into        IN CNAME host.sub
_sip._tcp   IN SRV 1 2 5060 web
a.b.c       IN TXT "deep"
sub         IN NS ns.sub
sub         IN NS ns1
ns.sub      IN A 192.0.2.53
ns.sub      IN AAAA 2001:db8::53
*.wild      IN A 192.0.2.9
*.wild      IN TXT "wild"
here.wild   IN TXT "here"
x.ent.wild  IN A 192.0.2.10
*.alias     IN CNAME web
*.turn      IN CNAME other.turn
)";

Answer ask(const Question& question) {
    Server server{"example.org", plain_zone};
    return server.ask(question);
}

const std::string soa =
    "example.org. 60 IN SOA ns1.example.org. host.example.org. 7 7200 3600 1209600 60";

}  // namespace

TEST_CASE("plugin/file: an existing name and type: is answered with authority") {
    const auto answer = ask("web.example.org. A");

    CHECK(answer.verdict == LOOM_ANSWERED);
    CHECK(answer.rcode == 0);
    CHECK(answer.is_authoritative());
    CHECK(
        answer.answer ==
        Lines{"web.example.org. 300 IN A 192.0.2.2", "web.example.org. 300 IN A 192.0.2.3"});
    CHECK(answer.authority.empty());
    CHECK(answer.additional.empty());
    CHECK(answer.wire_form);
}

TEST_CASE("plugin/file: a name in capitals: is found, spelled as it was asked") {
    const auto answer = ask("WEB.Example.ORG. A");

    REQUIRE(answer.answer.size() == 2);
    CHECK(answer.answer[0].starts_with("WEB.Example.ORG. "));
}

TEST_CASE("plugin/file: a name outside of the zones: goes to the next plugin") {
    CHECK(ask("example.net. A").verdict == LOOM_NEXT);
    CHECK(ask("org. A").verdict == LOOM_NEXT);
    CHECK(ask("notexample.org. A").verdict == LOOM_NEXT);
}

TEST_CASE("plugin/file: a missing type: gives no data with the negative TTL") {
    const auto answer = ask("web.example.org. AAAA");

    CHECK(answer.rcode == 0);
    CHECK(answer.is_authoritative());
    CHECK(answer.answer.empty());
    CHECK(answer.authority == Lines{soa});
}

TEST_CASE("plugin/file: a missing name: is NXDOMAIN with the negative TTL") {
    for (const char* name : {"nothing.example.org. A", "x.y.web.example.org. A"}) {
        const auto answer = ask(name);
        CHECK(answer.rcode == 3);
        CHECK(answer.is_authoritative());
        CHECK(answer.authority == Lines{soa});
    }
}

TEST_CASE("plugin/file: an empty non-terminal: gives no data") {
    for (const char* name : {"b.c.example.org. A", "c.example.org. A", "_tcp.example.org. SRV"}) {
        const auto answer = ask(name);
        CHECK(answer.rcode == 0);
        CHECK(answer.authority == Lines{soa});
    }
}

TEST_CASE("plugin/file: SOA at the apex: has the record's own TTL") {
    const auto answer = ask("example.org. SOA");

    CHECK(
        answer.answer ==
        Lines{"example.org. 300 IN SOA ns1.example.org. host.example.org. 7 7200 3600 1209600 60"});
}

TEST_CASE("plugin/file: NS and MX: come with the addresses of names in the zone") {
    const auto ns = ask("example.org. NS");
    CHECK(
        ns.answer == Lines{
                         "example.org. 300 IN NS ns1.example.org.",
                         "example.org. 300 IN NS ns.elsewhere.test."});
    CHECK(
        ns.additional ==
        Lines{"ns1.example.org. 300 IN A 192.0.2.1", "ns1.example.org. 300 IN AAAA 2001:db8::1"});

    const auto mx = ask("example.org. MX");
    CHECK(
        mx.answer == Lines{
                         "example.org. 300 IN MX 10 mail.example.org.",
                         "example.org. 300 IN MX 20 Mail.Elsewhere.test."});
    CHECK(mx.additional == Lines{"mail.example.org. 300 IN A 192.0.2.25"});
}

TEST_CASE("plugin/file: SRV and HTTPS: come with addresses, the root target meaning the owner") {
    const auto srv = ask("_sip._tcp.example.org. SRV");
    CHECK(srv.answer == Lines{"_sip._tcp.example.org. 300 IN SRV 1 2 5060 web.example.org."});
    CHECK(srv.additional.size() == 2);

    const auto https = ask("example.org. HTTPS");
    CHECK(https.answer.size() == 1);
    CHECK(https.additional == Lines{"example.org. 300 IN A 192.0.2.80"});
}

TEST_CASE("plugin/file: names in rdata: are compressed against the question") {
    const auto answer = ask("example.org. MX");

    // Header, question 17, MX 12+2+5+2 and 12+2+21, mail A 16.
    CHECK(answer.wire.size() == 12 + 17 + 21 + 35 + 16);
}

TEST_CASE("plugin/file: CNAME: is followed in the zone") {
    const auto answer = ask("www.example.org. A");

    CHECK(
        answer.answer == Lines{
                             "www.example.org. 300 IN CNAME web.example.org.",
                             "web.example.org. 300 IN A 192.0.2.2",
                             "web.example.org. 300 IN A 192.0.2.3"});
}

TEST_CASE("plugin/file: CNAME asked for itself: is not followed") {
    CHECK(
        ask("www.example.org. CNAME").answer ==
        Lines{"www.example.org. 300 IN CNAME web.example.org."});
}

TEST_CASE("plugin/file: CNAME to a missing type or name: says what became of the last name") {
    const auto no_type = ask("www.example.org. MX");
    CHECK(no_type.rcode == 0);
    CHECK(no_type.answer.size() == 1);
    CHECK(no_type.authority == Lines{soa});

    const auto no_name = ask("gone.example.org. A");
    CHECK(no_name.rcode == 3);
    CHECK(no_name.answer.size() == 1);
    CHECK(no_name.authority == Lines{soa});
}

TEST_CASE("plugin/file: CNAME below a delegation: gives the alias and the referral") {
    const auto answer = ask("into.example.org. A");

    CHECK(answer.rcode == 0);
    CHECK(answer.answer == Lines{"into.example.org. 300 IN CNAME host.sub.example.org."});
    CHECK(kinds(answer.authority) == Lines{"sub.example.org. NS", "sub.example.org. NS"});
}

TEST_CASE("plugin/file: CNAME loops: end, each record once") {
    CHECK(ask("loop1.example.org. A").answer.size() == 2);
    CHECK(ask("self.example.org. A").answer.size() == 1);
    CHECK(ask("x.turn.example.org. A").answer.size() == 2);
}

TEST_CASE("plugin/file: CNAME out of the zone without RD: ends the chain") {
    Server server{"example.org", plain_zone};
    const auto answer = server.ask(Question{"near.example.org. A"}.recursion_desired(false));

    CHECK(answer.rcode == 0);
    CHECK(
        answer.answer == Lines{
                             "near.example.org. 300 IN CNAME far.example.org.",
                             "far.example.org. 300 IN CNAME www.elsewhere.test."});
    CHECK(answer.authority.empty());
    CHECK(server->top.asked().empty());
}

TEST_CASE("plugin/file: CNAME out of the zone with RD: is followed through the server") {
    Server server{"example.org", plain_zone};
    server->top.push(Reply{
        .answer = {
            "www.elsewhere.test. 20 IN CNAME w.elsewhere.test.",
            "w.elsewhere.test. 10 IN A 203.0.113.1"}});

    const auto answer = server.ask("far.example.org. A");

    REQUIRE(server->top.asked().size() == 1);
    CHECK(server->top.asked()[0].name == "www.elsewhere.test.");
    CHECK(
        answer.answer == Lines{
                             "far.example.org. 300 IN CNAME www.elsewhere.test.",
                             "www.elsewhere.test. 20 IN CNAME w.elsewhere.test.",
                             "w.elsewhere.test. 10 IN A 203.0.113.1"});
    CHECK(answer.is_authoritative());
}

TEST_CASE("plugin/file: the outside name is not there: the rcode is the last name's") {
    Server server{"example.org", plain_zone};
    server->top.push(Reply{.rcode = 3});

    const auto answer = server.ask("far.example.org. A");

    CHECK(answer.rcode == 3);
    CHECK(answer.answer.size() == 1);
}

TEST_CASE("plugin/file: nobody knows the outside name: the alias is answered alone") {
    const auto answer = ask("far.example.org. A");

    CHECK(answer.rcode == 0);
    CHECK(answer.answer.size() == 1);
}

TEST_CASE("plugin/file: chase is off: outside names are not asked for") {
    Server server{"example.org", plain_zone, {{"chase", false}}};
    const auto answer = server.ask("far.example.org. A");

    CHECK(answer.answer.size() == 1);
    CHECK(server->top.asked().empty());
}

TEST_CASE("plugin/file: a name below a delegation: gives a referral with glue") {
    for (const char* name :
         {"sub.example.org. A",
          "host.sub.example.org. A",
          "ns.sub.example.org. A",
          "x.ns.sub.example.org. A",
          "sub.example.org. NS"}) {
        const auto answer = ask(name);
        CHECK(answer.rcode == 0);
        CHECK_FALSE(answer.is_authoritative());
        CHECK(answer.answer.empty());
        CHECK(
            answer.authority == Lines{
                                    "sub.example.org. 300 IN NS ns.sub.example.org.",
                                    "sub.example.org. 300 IN NS ns1.example.org."});
        CHECK(
            answer.additional == Lines{
                                     "ns.sub.example.org. 300 IN A 192.0.2.53",
                                     "ns.sub.example.org. 300 IN AAAA 2001:db8::53",
                                     "ns1.example.org. 300 IN A 192.0.2.1",
                                     "ns1.example.org. 300 IN AAAA 2001:db8::1"});
    }
}

TEST_CASE("plugin/file: DS at a delegation: is answered from the parent's side") {
    const auto answer = ask("sub.example.org. DS");

    CHECK(answer.is_authoritative());
    CHECK(answer.authority == Lines{soa});
}

TEST_CASE("plugin/file: a wildcard: answers for names that do not exist") {
    CHECK(
        ask("foo.wild.example.org. A").answer == Lines{"foo.wild.example.org. 300 IN A 192.0.2.9"});
    CHECK(
        ask("a.b.wild.example.org. A").answer == Lines{"a.b.wild.example.org. 300 IN A 192.0.2.9"});
    CHECK(ask("foo.wild.example.org. MX").authority == Lines{soa});
    CHECK(ask("*.wild.example.org. A").answer == Lines{"*.wild.example.org. 300 IN A 192.0.2.9"});
}

TEST_CASE("plugin/file: a name that exists: blocks the wildcard, empty non-terminals too") {
    CHECK(ask("here.wild.example.org. A").answer.empty());
    CHECK(ask("here.wild.example.org. A").rcode == 0);
    CHECK(ask("x.here.wild.example.org. A").rcode == 3);
    CHECK(ask("ent.wild.example.org. A").rcode == 0);
    CHECK(ask("ent.wild.example.org. A").answer.empty());
    CHECK(ask("y.ent.wild.example.org. A").rcode == 3);
}

TEST_CASE("plugin/file: a wildcard CNAME: is followed") {
    CHECK(
        ask("any.alias.example.org. A").answer ==
        Lines{
            "any.alias.example.org. 300 IN CNAME web.example.org.",
            "web.example.org. 300 IN A 192.0.2.2",
            "web.example.org. 300 IN A 192.0.2.3"});
}

TEST_CASE("plugin/file: ANY: gives all records of the name") {
    CHECK(ask("ns1.example.org. ANY").answer.size() == 2);
    CHECK(ask("foo.wild.example.org. ANY").answer.size() == 2);
    CHECK(ask("www.example.org. ANY").answer.size() == 1);
    CHECK(ask("b.c.example.org. ANY").authority == Lines{soa});
    CHECK(
        kinds(ask(Question{"example.org. ANY"}.tcp()).answer) == Lines{
                                                                     "example.org. A",
                                                                     "example.org. NS",
                                                                     "example.org. NS",
                                                                     "example.org. SOA",
                                                                     "example.org. MX",
                                                                     "example.org. MX",
                                                                     "example.org. HTTPS"});
}

TEST_CASE("plugin/file: a transfer: is refused") {
    CHECK(ask("example.org. AXFR").rcode == 5);
    CHECK(ask("example.org. IXFR").rcode == 5);
}

TEST_CASE("plugin/file: an answer larger than the client takes: is truncated, TCP has it all") {
    std::string zone = "@ 60 IN SOA ns h 1 2 3 4 5\n@ 60 IN NS ns\n";
    for (int i = 0; i < 100; ++i) zone += "big 60 IN A 10.0.0." + std::to_string(i) + "\n";
    Server server{"example.org", zone};

    const auto udp = server.ask("big.example.org. A");
    CHECK(udp.is_truncated());
    CHECK(udp.message.size() <= 512);
    const auto tcp = server.ask(Question{"big.example.org. A"}.tcp());
    CHECK_FALSE(tcp.is_truncated());
    CHECK(tcp.answer.size() == 100);
}

TEST_CASE("plugin/file: additional records without room: are left out silently") {
    std::string zone = "@ 60 IN SOA ns h 1 2 3 4 5\n@ 60 IN NS ns\n@ 60 IN MX 1 big\n";
    for (int i = 0; i < 100; ++i) zone += "big 60 IN A 10.0.0." + std::to_string(i) + "\n";
    Server server{"example.org", zone};

    const auto answer = server.ask("example.org. MX");
    CHECK_FALSE(answer.is_truncated());
    CHECK(answer.answer.size() == 1);
    CHECK(answer.additional.empty());
}

TEST_CASE("plugin/file: glue without room: truncates the referral (RFC 9471)") {
    std::string zone = "@ 60 IN SOA ns h 1 2 3 4 5\n@ 60 IN NS ns\nsub 60 IN NS ns.sub\n";
    for (int i = 0; i < 100; ++i) zone += "ns.sub 60 IN A 10.0.0." + std::to_string(i) + "\n";
    Server server{"example.org", zone};

    // The plugin leaves all glue in the message: what does not fit is the host's to tell.
    auto wire = server.ask("a.sub.example.org. A").wire;
    REQUIRE(loom::dns::truncate(wire, 512));
    CHECK((wire[2] & 0x02) != 0);
    const auto tcp = server.ask(Question{"a.sub.example.org. A"}.tcp());
    CHECK(tcp.additional.size() == 100);
}

TEST_CASE("plugin/file: the root zone: is served") {
    Server server{
        ".",
        ". 60 IN SOA a.ns. h. 1 2 3 4 5\n. 60 IN NS a.ns.\na.ns. 60 IN A 192.0.2.1\n"
        "org. 60 IN NS a.ns.\nx. 60 IN CNAME a.ns.\n"};

    CHECK(server.ask(". NS").answer == Lines{". 60 IN NS a.ns."});
    CHECK(server.ask(". NS").additional == Lines{"a.ns. 60 IN A 192.0.2.1"});
    CHECK(server.ask("example.org. A").authority == Lines{"org. 60 IN NS a.ns."});
    CHECK(server.ask("x. A").answer == Lines{"x. 60 IN CNAME a.ns.", "a.ns. 60 IN A 192.0.2.1"});
    CHECK(server.ask("zzz. A").authority == Lines{". 5 IN SOA a.ns. h. 1 2 3 4 5"});
}

// The zone and the questions of RFC 4592 section 2.2.1.
TEST_CASE("plugin/file: the example of RFC 4592: is answered as it says") {
    Server server{"example", R"($TTL 3600
@ SOA ns.example.com. admin 1 2 3 4 5
@ NS ns.example.com.
@ NS ns.example.net.
* TXT "this is a wildcard"
* MX 10 host1
sub.* TXT "this is not a wildcard"
host1 A 192.0.2.1
_ssh._tcp.host1 SRV 0 0 22 host1
_ssh._tcp.host2 SRV 0 0 22 host2
subdel NS ns.example.com.
subdel NS ns.example.net.
)"};

    CHECK(
        server.ask("host3.example. MX").answer ==
        Lines{"host3.example. 3600 IN MX 10 host1.example."});
    CHECK(server.ask("host3.example. A").rcode == 0);
    CHECK(server.ask("host3.example. A").answer.empty());
    CHECK(
        server.ask("foo.bar.example. TXT").answer ==
        Lines{"foo.bar.example. 3600 IN TXT \"this is a wildcard\""});
    CHECK(server.ask("host1.example. MX").answer.empty());
    CHECK(server.ask("host1.example. MX").rcode == 0);
    CHECK(server.ask("sub.*.example. MX").answer.empty());
    CHECK(server.ask("sub.*.example. MX").rcode == 0);
    CHECK(server.ask("_telnet._tcp.host1.example. SRV").rcode == 3);
    CHECK(server.ask("host.subdel.example. A").authority.size() == 2);
    CHECK(server.ask("ghost.*.example. MX").rcode == 3);
}

TEST_CASE("plugin/file: DNAME: is answered as RFC 6672 says") {
    Server server{"example.com", R"($TTL 600
@ SOA ns h 1 2 3 4 5
@ NS ns
frobozz DNAME new
frobozz TXT "self"
x.frobozz A 192.0.2.9
*.new A 192.0.2.1
out DNAME example.net.
round DNAME x.round
long DNAME aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.new
)"};

    const auto inside = server.ask("a.frobozz.example.com. A");
    CHECK(
        inside.answer == Lines{
                             "frobozz.example.com. 600 IN DNAME new.example.com.",
                             "a.frobozz.example.com. 600 IN CNAME a.new.example.com.",
                             "a.new.example.com. 600 IN A 192.0.2.1"});
    // What stands below a DNAME is hidden.
    CHECK(server.ask("x.frobozz.example.com. A").answer.size() == 3);
    CHECK(server.ask("frobozz.example.com. TXT").answer.size() == 1);
    CHECK(server.ask("frobozz.example.com. A").rcode == 0);
    CHECK(server.ask("frobozz.example.com. A").answer.empty());
    CHECK(
        server.ask("a.b.out.example.com. MX").answer ==
        Lines{
            "out.example.com. 600 IN DNAME example.net.",
            "a.b.out.example.com. 600 IN CNAME a.b.example.net."});

    const std::string label(63, 'a');
    const auto over = server.ask(label + "." + label + "." + label + ".long.example.com. A");
    CHECK(over.rcode == 6);
    CHECK(data(over.answer).size() == 1);
    CHECK(server.ask("a.round.example.com. A").verdict == LOOM_ANSWERED);
}
