// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

using namespace loom::harness;

namespace {

// What is left of `reply`, given as records and as a message.
Answer strip(Reply reply, bool as_wire, const Question& question = "www.example.org. A") {
    Harness h{loom_module_0};
    reply.as_wire = as_wire;
    h.behind.push(std::move(reply));
    return h.ask(question);
}

Reply positive() {
    Reply reply;
    reply.flags = LOOM_FLAG_AA;
    reply.answer = {"www.example.org. CNAME a.example.org.", "a.example.org. A 192.0.2.1"};
    reply.authority = {"example.org. NS ns.example.org."};
    reply.additional = {"ns.example.org. A 192.0.2.53"};
    return reply;
}

}  // namespace

TEST_CASE("plugin/minimal: a positive answer: keeps its answer section only") {
    for (const bool as_wire : {false, true}) {
        const auto answer = strip(positive(), as_wire);
        CHECK(answer.flags == LOOM_FLAG_AA);
        CHECK(answer.answer.size() == 2);
        CHECK(answer.answer.back() == "a.example.org. 3600 IN A 192.0.2.1");
        CHECK(answer.authority.empty());
        CHECK(answer.additional.empty());
        CHECK(answer.message.size() > 12);
    }
}

TEST_CASE("plugin/minimal: a positive answer with an extended error: keeps the error") {
    Harness h{loom_module_0};
    Reply reply = positive();
    reply.as_wire = true;
    reply.options = {{15, {0, 3, 'o', 'l', 'd'}}};
    h.behind.push(reply);

    const auto answer = h.ask(Question{"www.example.org. A"}.edns());

    REQUIRE(answer.extended_error());
    CHECK(answer.extended_error()->text == "old");
    CHECK(answer.authority.empty());
    CHECK(answer.additional.empty());
}

TEST_CASE("plugin/minimal: an alias whose end does not exist: keeps the SOA record") {
    for (const bool as_wire : {false, true}) {
        Reply reply;
        reply.answer = {"www.example.org. CNAME a.example.org."};
        reply.authority = {"example.org. SOA ns.example.org. host.example.org. 1 2 3 4 5"};
        CHECK(strip(reply, as_wire).authority.size() == 1);
    }
}

TEST_CASE("plugin/minimal: a wildcard's answer: keeps the proof and its signature") {
    for (const bool as_wire : {false, true}) {
        Reply reply = positive();
        reply.authority.push_back("a.example.org. NSEC z.example.org. A RRSIG NSEC");
        reply.authority.push_back(
            "a.example.org. RRSIG NSEC 13 3 60 20270101000000 20250101000000 1 example.org. AAAA");
        reply.authority.push_back(
            "example.org. RRSIG NS 13 2 60 20270101000000 20250101000000 1 example.org. AAAA");
        const auto answer = strip(reply, as_wire, Question{"www.example.org. A"}.dnssec());
        REQUIRE(answer.authority.size() == 2);
        CHECK(answer.authority[0].find(" NSEC ") != std::string::npos);
        CHECK(answer.authority[1].find(" RRSIG NSEC ") != std::string::npos);
        CHECK(answer.additional.empty());
    }
}

TEST_CASE("plugin/minimal: referrals, denials and errors: stay as they are") {
    Reply referral = positive();
    referral.answer.clear();
    Reply denial;
    denial.rcode = 3;
    denial.answer = {"www.example.org. CNAME a.example.org."};
    denial.authority = {"example.org. NS ns.example.org."};
    Reply additional_only;
    additional_only.additional = {"www.example.org. A 192.0.2.1"};
    for (const bool as_wire : {false, true}) {
        CHECK(strip(referral, as_wire).authority.size() == 1);
        CHECK(strip(referral, as_wire).additional.size() == 1);
        CHECK(strip(denial, as_wire).authority.size() == 1);
        CHECK(strip(additional_only, as_wire).additional.size() == 1);
    }
}

TEST_CASE("plugin/minimal: an answer with nothing to take: stays a message") {
    Reply reply;
    reply.answer = {"www.example.org. A 192.0.2.1"};
    const auto answer = strip(reply, true);
    CHECK(answer.wire_form);
    CHECK(answer.answer.size() == 1);
}
