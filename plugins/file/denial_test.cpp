// SPDX-License-Identifier: Apache-2.0
// Signed zones: the examples of RFC 4035 appendix B and RFC 5155 appendix B. The signatures are not
// real ones; nothing here reads them.
#include "zone_fixture.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>

using loom::file::test::kinds;
using loom::file::test::Lines;
using loom::file::test::Server;
using loom::harness::Question;

namespace {

/// The zone with a signature for each RRset whose line begins with `+`.
std::string sign(std::string_view text) {
    std::istringstream lines{std::string{text}};
    std::string out = "$TTL 3600\n";
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with('+')) {
            out += line + '\n';
            continue;
        }
        line.erase(0, 1);
        out += line + '\n';
        std::istringstream words{line};
        std::string owner;
        std::string type;
        words >> owner >> type;
        out += owner + " RRSIG " + type +
               " 5 1 3600 20040509183619 20040409183619 38519 example. AAAA\n";
    }
    return out;
}

constexpr std::string_view nsec_zone = R"(
+@ SOA ns1 bugs.x.w 1081539377 3600 300 3600000 600
+@ NS ns1
@ NS ns2
+@ MX 1 xx
+@ NSEC a NS SOA MX RRSIG NSEC
a NS ns1.a
a NS ns2.a
+a DS 57855 5 1 B6DCD485719ADCA18E5F3D48A2331627FDD3636B
+a NSEC ai NS DS RRSIG NSEC
ns1.a A 192.0.2.5
ns2.a A 192.0.2.6
+ai A 192.0.2.9
+ai AAAA 2001:db8::f00:baa9
+ai NSEC b A AAAA RRSIG NSEC
b NS ns1.b
b NS ns2.b
+b NSEC ns1 NS RRSIG NSEC
ns1.b A 192.0.2.7
ns2.b A 192.0.2.8
+ns1 A 192.0.2.1
+ns1 NSEC ns2 A RRSIG NSEC
+ns2 A 192.0.2.2
+ns2 NSEC *.w A RRSIG NSEC
+*.w MX 1 ai
+*.w NSEC x.w MX RRSIG NSEC
+x.w MX 1 xx
+x.w NSEC x.y.w MX RRSIG NSEC
+x.y.w MX 1 xx
+x.y.w NSEC xx MX RRSIG NSEC
+xx A 192.0.2.10
+xx AAAA 2001:db8::f00:baaa
+xx NSEC @ A AAAA RRSIG NSEC
)";

// The names' hashes: RFC 5155 appendix A.
constexpr std::string_view nsec3_zone = R"(
@ SOA ns1 bugs.x.w 1 3600 300 3600000 3600
@ NS ns1
@ NS ns2
@ MX 1 xx
@ NSEC3PARAM 1 0 12 aabbccdd
a NS ns1.a
a DS 58470 5 1 3079F1593EBAD6DC121E202A8B766A6A4837206C
ns1.a A 192.0.2.5
ai A 192.0.2.9
c NS ns1.c
ns1.c A 192.0.2.7
ns1 A 192.0.2.1
ns2 A 192.0.2.2
*.w MX 1 ai
x.w MX 1 xx
x.y.w MX 1 xx
xx A 192.0.2.10
2t7b4g4vsa5smi47k61mv5bv1a22bojr A 192.0.2.127
+0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG
2t7b4g4vsa5smi47k61mv5bv1a22bojr NSEC3 1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG
2vptu5timamqttgl4luu9kg21e0aor3s NSEC3 1 1 12 aabbccdd 35mthgpgcu1qg68fab165klnsnk3dpvl MX RRSIG
35mthgpgcu1qg68fab165klnsnk3dpvl NSEC3 1 1 12 aabbccdd b4um86eghhds6nea196smvmlo4ors995 NS DS RRSIG
b4um86eghhds6nea196smvmlo4ors995 NSEC3 1 1 12 aabbccdd gjeqe526plbf1g8mklp59enfd789njgi MX RRSIG
gjeqe526plbf1g8mklp59enfd789njgi NSEC3 1 1 12 aabbccdd ji6neoaepv8b5o6k4ev33abha8ht9fgc A RRSIG
ji6neoaepv8b5o6k4ev33abha8ht9fgc NSEC3 1 1 12 aabbccdd k8udemvp1j2f7eg6jebps17vp3n8i58h
k8udemvp1j2f7eg6jebps17vp3n8i58h NSEC3 1 1 12 aabbccdd kohar7mbb8dc2ce8a9qvl8hon4k53uhi
kohar7mbb8dc2ce8a9qvl8hon4k53uhi NSEC3 1 1 12 aabbccdd q04jkcevqvmu85r014c7dkba38o0ji5r A RRSIG
q04jkcevqvmu85r014c7dkba38o0ji5r NSEC3 1 1 12 aabbccdd r53bq7cc2uvmubfu5ocmm6pers9tk9en A RRSIG
r53bq7cc2uvmubfu5ocmm6pers9tk9en NSEC3 1 1 12 aabbccdd t644ebqk9bibcna874givr6joj62mlhv MX RRSIG
t644ebqk9bibcna874givr6joj62mlhv NSEC3 1 1 12 aabbccdd 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A RRSIG
)";

loom::harness::Answer ask(std::string_view zone, std::string_view question) {
    Server server{"example", sign(zone)};
    return server.ask(Question{question}.dnssec().tcp());
}

Lines authority(std::string_view zone, std::string_view question) {
    return kinds(ask(zone, question).authority);
}

const std::string apex_hash = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. NSEC3";
const std::string apex_hash_sig = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. RRSIG NSEC3";

}  // namespace

TEST_CASE("plugin/file: RFC 4035 B.1, an answer: comes with signatures") {
    const auto answer = ask(nsec_zone, "x.w.example. MX");

    CHECK(answer.is_authoritative());
    CHECK(kinds(answer.answer) == Lines{"x.w.example. MX", "x.w.example. RRSIG MX"});
    CHECK(answer.authority.empty());
    CHECK(
        kinds(answer.additional) ==
        Lines{
            "xx.example. A", "xx.example. RRSIG A", "xx.example. AAAA", "xx.example. RRSIG AAAA"});
}

TEST_CASE("plugin/file: without DO: there are no signatures and proofs") {
    Server server{"example", sign(nsec_zone)};

    CHECK(kinds(server.ask("x.w.example. MX").answer) == Lines{"x.w.example. MX"});
    CHECK(kinds(server.ask("ml.example. A").authority) == Lines{"example. SOA"});
    CHECK(
        kinds(server.ask("mc.b.example. A").authority) == Lines{"b.example. NS", "b.example. NS"});
}

TEST_CASE("plugin/file: RFC 4035 B.2, a name error: has both denials") {
    const auto answer = ask(nsec_zone, "ml.example. A");

    CHECK(answer.rcode == 3);
    CHECK(
        kinds(answer.authority) == Lines{
                                       "example. SOA",
                                       "example. RRSIG SOA",
                                       "b.example. NSEC",
                                       "b.example. RRSIG NSEC",
                                       "example. NSEC",
                                       "example. RRSIG NSEC"});
    // The TTL of SOA and signature is the negative one.
    CHECK(answer.authority[0].starts_with("example. 600 IN SOA ns1.example. bugs.x.w.example. "));
    CHECK(answer.authority[1].starts_with("example. 600 IN RRSIG SOA"));
}

TEST_CASE("plugin/file: RFC 4035 B.3, no data: has the NSEC record of the name") {
    CHECK(
        authority(nsec_zone, "ns1.example. MX") ==
        Lines{
            "example. SOA", "example. RRSIG SOA", "ns1.example. NSEC", "ns1.example. RRSIG NSEC"});
}

TEST_CASE("plugin/file: no data at an empty non-terminal: has the NSEC record before it") {
    CHECK(
        authority(nsec_zone, "y.w.example. MX") ==
        Lines{
            "example. SOA", "example. RRSIG SOA", "x.w.example. NSEC", "x.w.example. RRSIG NSEC"});
}

TEST_CASE("plugin/file: RFC 4035 B.4, a signed delegation: has DS") {
    const auto answer = ask(nsec_zone, "mc.a.example. MX");

    CHECK_FALSE(answer.is_authoritative());
    CHECK(
        kinds(answer.authority) ==
        Lines{"a.example. NS", "a.example. NS", "a.example. DS", "a.example. RRSIG DS"});
    CHECK(kinds(answer.additional) == Lines{"ns1.a.example. A", "ns2.a.example. A"});
}

TEST_CASE("plugin/file: RFC 4035 B.5, an unsigned delegation: has the NSEC record") {
    CHECK(
        authority(nsec_zone, "mc.b.example. MX") ==
        Lines{"b.example. NS", "b.example. NS", "b.example. NSEC", "b.example. RRSIG NSEC"});
}

TEST_CASE("plugin/file: RFC 4035 B.6, a wildcard: has the denial of the name") {
    const auto answer = ask(nsec_zone, "a.z.w.example. MX");

    CHECK(kinds(answer.answer) == Lines{"a.z.w.example. MX", "a.z.w.example. RRSIG MX"});
    CHECK(kinds(answer.authority) == Lines{"x.y.w.example. NSEC", "x.y.w.example. RRSIG NSEC"});
    CHECK(kinds(answer.additional).front() == "ai.example. A");
}

TEST_CASE("plugin/file: RFC 4035 B.7, no data at a wildcard: has both NSEC records") {
    CHECK(
        authority(nsec_zone, "a.z.w.example. AAAA") == Lines{
                                                           "example. SOA",
                                                           "example. RRSIG SOA",
                                                           "*.w.example. NSEC",
                                                           "*.w.example. RRSIG NSEC",
                                                           "x.y.w.example. NSEC",
                                                           "x.y.w.example. RRSIG NSEC"});
}

TEST_CASE("plugin/file: RFC 4035 B.8, DS at the apex: is no data of this zone") {
    CHECK(
        authority(nsec_zone, "example. DS") ==
        Lines{"example. SOA", "example. RRSIG SOA", "example. NSEC", "example. RRSIG NSEC"});
}

TEST_CASE("plugin/file: DS at cuts: comes from this zone, with its proof if it is not there") {
    CHECK(
        kinds(ask(nsec_zone, "a.example. DS").answer) ==
        Lines{"a.example. DS", "a.example. RRSIG DS"});
    CHECK(
        authority(nsec_zone, "b.example. DS") ==
        Lines{"example. SOA", "example. RRSIG SOA", "b.example. NSEC", "b.example. RRSIG NSEC"});
}

TEST_CASE("plugin/file: RRSIG asked for: gives all signatures of the name") {
    CHECK(
        kinds(ask(nsec_zone, "ns1.example. RRSIG").answer) ==
        Lines{"ns1.example. RRSIG A", "ns1.example. RRSIG NSEC"});
    Server server{"example", sign(nsec_zone)};
    CHECK(kinds(server.ask("ns1.example. RRSIG").answer).size() == 2);
    CHECK(kinds(server.ask("ns1.example. NSEC").answer) == Lines{"ns1.example. NSEC"});
}

TEST_CASE("plugin/file: RFC 5155 B.1, a name error: has the closest encloser proof") {
    const auto answer = ask(nsec3_zone, "a.c.x.w.example. A");

    CHECK(answer.rcode == 3);
    CHECK(
        kinds(answer.authority) == Lines{
                                       "example. SOA",
                                       "b4um86eghhds6nea196smvmlo4ors995.example. NSEC3",
                                       apex_hash,
                                       apex_hash_sig,
                                       "35mthgpgcu1qg68fab165klnsnk3dpvl.example. NSEC3"});
}

TEST_CASE("plugin/file: RFC 5155 B.2, no data: has the record of the name") {
    CHECK(
        authority(nsec3_zone, "ns1.example. MX") ==
        Lines{"example. SOA", "2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. NSEC3"});
    CHECK(
        authority(nsec3_zone, "y.w.example. A") ==
        Lines{"example. SOA", "ji6neoaepv8b5o6k4ev33abha8ht9fgc.example. NSEC3"});
}

TEST_CASE("plugin/file: RFC 5155 B.3, a delegation of an opt-out span: has the span") {
    CHECK(
        authority(nsec3_zone, "mc.c.example. MX") ==
        Lines{
            "c.example. NS",
            apex_hash,
            apex_hash_sig,
            "35mthgpgcu1qg68fab165klnsnk3dpvl.example. NSEC3"});
    CHECK(
        authority(nsec3_zone, "c.example. DS") ==
        Lines{
            "example. SOA",
            apex_hash,
            apex_hash_sig,
            "35mthgpgcu1qg68fab165klnsnk3dpvl.example. NSEC3"});
}

TEST_CASE("plugin/file: RFC 5155 B.4, a wildcard: has the denial of the next closer name") {
    CHECK(
        authority(nsec3_zone, "a.z.w.example. MX") ==
        Lines{"q04jkcevqvmu85r014c7dkba38o0ji5r.example. NSEC3"});
}

TEST_CASE("plugin/file: RFC 5155 B.5, no data at a wildcard: has three records") {
    CHECK(
        authority(nsec3_zone, "a.z.w.example. AAAA") ==
        Lines{
            "example. SOA",
            "k8udemvp1j2f7eg6jebps17vp3n8i58h.example. NSEC3",
            "q04jkcevqvmu85r014c7dkba38o0ji5r.example. NSEC3",
            "r53bq7cc2uvmubfu5ocmm6pers9tk9en.example. NSEC3"});
}

TEST_CASE("plugin/file: RFC 5155 B.6, DS at the apex: is no data of this zone") {
    CHECK(authority(nsec3_zone, "example. DS") == Lines{"example. SOA", apex_hash, apex_hash_sig});
}

TEST_CASE("plugin/file: the owner of an NSEC3 record: is no name of the zone (RFC 5155 7.2.8)") {
    CHECK(ask(nsec3_zone, "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. NSEC3").rcode == 3);
    CHECK(ask(nsec3_zone, "2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. A").answer.size() == 1);
}
