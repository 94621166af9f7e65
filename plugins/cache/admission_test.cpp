// SPDX-License-Identifier: Apache-2.0
#include "admission.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/message_writer.hpp>
#include <dnsloom/dns/rdata.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

using namespace loom::cache;
namespace dns = loom::dns;

namespace {

constexpr std::uint64_t now_s = 1'767'225'600;  // 2026-01-01

// Records are `OWNER TTL TYPE RDATA`.
struct Text {
    std::uint16_t rcode = 0;
    std::vector<std::string> answer{};
    std::vector<std::string> authority{};
    std::vector<std::string> additional{};
};

const std::string soa = "example.org. 300 SOA ns.example.org. root.example.org. 1 2 3 4 120";

void add(dns::MessageWriter& writer, dns::Section section, const std::string& line) {
    std::istringstream words{line};
    std::string owner;
    std::string type;
    std::string rest;
    std::uint32_t ttl = 0;
    words >> owner >> ttl >> type;
    std::getline(words, rest);
    const auto name = dns::Name::from_text(owner);
    const auto number = dns::type_from_string(type);
    REQUIRE(name);
    REQUIRE(number);
    const auto rdata = dns::rdata_from_text(*number, rest, {});
    REQUIRE(rdata);
    const dns::Record record{*name, *number, dns::rr_class::in, ttl, *rdata};
    REQUIRE(writer.add(section, record) == dns::Added::yes);
}

std::vector<std::uint8_t> build(std::string_view qname, std::uint16_t qtype, const Text& text) {
    std::vector<std::uint8_t> message(dns::message_size_max);
    dns::MessageWriter writer{message, message.size()};
    dns::Header header;
    header.bits = dns::flag::qr;
    header.set_rcode(text.rcode);
    writer.begin(header, dns::Question{*dns::Name::from_text(qname), qtype, dns::rr_class::in});
    for (const auto& line : text.answer) add(writer, dns::Section::answer, line);
    for (const auto& line : text.authority) add(writer, dns::Section::authority, line);
    for (const auto& line : text.additional) add(writer, dns::Section::additional, line);
    message.resize(writer.finish());
    return message;
}

struct Look {
    std::unique_ptr<Survey> found = std::make_unique<Survey>();
    Limits limits{};

    std::expected<void, Refusal>
    raw(std::span<const std::uint8_t> message,
        std::uint16_t qtype = dns::rr_type::a,
        std::uint16_t rcode = 0) {
        const auto qname = *dns::Name::from_text("www.example.org.");
        return survey(message, qname.octets(), qtype, rcode, now_s, limits, *found);
    }
    std::expected<void, Refusal> at(const Text& text, std::uint16_t qtype = dns::rr_type::a) {
        return raw(build("www.example.org.", qtype, text), qtype, text.rcode);
    }
    bool keeps(const Text& text, std::uint16_t qtype = dns::rr_type::a) {
        return at(text, qtype).has_value();
    }
};

}  // namespace

TEST_CASE("cache/admission: survey: an answer lives as long as its shortest record") {
    Look look;

    REQUIRE(look.keeps(
        {.answer = {"www.example.org. 300 A 192.0.2.1", "www.example.org. 300 A 192.0.2.2"},
         .authority = {"example.org. 200 NS ns.example.org."},
         .additional = {"ns.example.org. 100 A 192.0.2.53"}}));

    CHECK(look.found->kind == Kind::success);
    CHECK(look.found->ttl == 100);
    CHECK(look.found->ttl_count == 4);
}

TEST_CASE("cache/admission: survey: puts TTLs in bounds") {
    Look look;
    look.limits = {.min_ttl = 10, .max_ttl = 60, .negative_max_ttl = 30, .servfail_ttl = 5};

    CHECK(look.keeps({.answer = {"www.example.org. 300 A 192.0.2.1"}}));
    CHECK(look.found->ttl == 60);
    CHECK(look.keeps({.answer = {"www.example.org. 0 A 192.0.2.1"}}));
    CHECK(look.found->ttl == 10);
    CHECK(look.keeps({.authority = {soa}}));
    CHECK(look.found->ttl == 30);
}

TEST_CASE("cache/admission: survey: keeps nothing with a TTL of 0") {
    Look look;
    CHECK_FALSE(look.keeps({.answer = {"www.example.org. 0 A 192.0.2.1"}}));
    // RFC 2181 section 8.
    CHECK_FALSE(look.keeps({.answer = {"www.example.org. 2147483648 A 192.0.2.1"}}));
}

TEST_CASE("cache/admission: survey: a denial lives as long as RFC 2308 section 5 says") {
    Look look;

    CHECK(look.keeps({.rcode = 3, .authority = {soa}}));
    CHECK(look.found->kind == Kind::denial);
    CHECK(look.found->ttl == 120);
    CHECK(look.found->soa_ttl == 120);
    CHECK(look.keeps(
        {.authority = {"example.org. 90 SOA ns.example.org. root.example.org. 1 2 3 4 120"}}));
    CHECK(look.found->kind == Kind::denial);
    CHECK(look.found->ttl == 90);
    CHECK_FALSE(look.keeps({.rcode = 3}));
    CHECK_FALSE(look.keeps({.rcode = 3, .authority = {"example.org. 60 NS ns.example.org."}}));
}

TEST_CASE("cache/admission: survey: follows aliases, whatever their order") {
    Look look;
    const std::string first = "www.example.org. 300 CNAME a.example.org.";
    const std::string second = "a.example.org. 300 CNAME b.example.net.";
    const std::string last = "b.example.net. 300 A 192.0.2.1";

    CHECK(look.keeps({.answer = {first, second, last}}));
    CHECK(look.found->kind == Kind::success);
    CHECK(look.keeps({.answer = {last, second, first}}));
    CHECK(look.keeps({.answer = {first, second}, .authority = {soa}}));
    CHECK(look.found->kind == Kind::denial);
    CHECK(look.keeps({.rcode = 3, .answer = {first, second}, .authority = {soa}}));
    CHECK(look.found->kind == Kind::denial);
    CHECK_FALSE(look.keeps({.answer = {first, second}}));
}

TEST_CASE("cache/admission: survey: refuses answers that are none") {
    Look look;
    const std::string alias = "www.example.org. 300 CNAME a.example.org.";

    CHECK_FALSE(look.keeps({.answer = {"mail.example.org. 300 A 192.0.2.1"}}));
    CHECK_FALSE(look.keeps({.answer = {"mail.example.org. 300 A 192.0.2.1"}, .authority = {soa}}));
    CHECK_FALSE(look.keeps({.answer = {alias, "a.example.org. 300 CNAME www.example.org."}}));
    CHECK_FALSE(look.keeps(
        {.answer = {alias, "a.example.org. 300 CNAME www.example.org."}, .authority = {soa}}));
    CHECK_FALSE(look.keeps(
        {.answer = {
             alias,
             "www.example.org. 300 CNAME b.example.org.",
             "b.example.org. 300 A 192.0.2.1"}}));
    CHECK_FALSE(look.keeps(
        {.rcode = 3, .answer = {"www.example.org. 300 A 192.0.2.1"}, .authority = {soa}}));
}

TEST_CASE("cache/admission: survey: types that are not like the others") {
    Look look;
    const std::string alias = "www.example.org. 300 CNAME a.example.org.";

    CHECK(look.keeps({.answer = {alias}}, dns::rr_type::cname));
    CHECK_FALSE(look.keeps(
        {.answer = {alias, "www.example.org. 300 CNAME b.example.org."}}, dns::rr_type::cname));
    CHECK(look.keeps({.answer = {"www.example.org. 300 TXT x"}}, dns::rr_type::any));
    CHECK_FALSE(look.keeps({.answer = {"a.example.org. 300 TXT x"}}, dns::rr_type::any));
}

TEST_CASE("cache/admission: survey: a referral or an empty message lives for fallback_ttl") {
    Look look;

    CHECK(look.keeps({.authority = {"example.org. 300 NS ns.example.org."}}));
    CHECK(look.found->kind == Kind::success);
    CHECK(look.found->ttl == fallback_ttl);
    CHECK(look.keeps({}));
    CHECK(look.found->ttl == fallback_ttl);
}

TEST_CASE("cache/admission: survey: of the other rcodes only SERVFAIL is kept, without records") {
    Look look;

    CHECK(look.keeps({.rcode = 2, .answer = {"www.example.org. 300 A 192.0.2.1"}}));
    CHECK(look.found->kind == Kind::failure);
    CHECK(look.found->ttl == 5);
    CHECK(look.found->ttl_count == 0);
    CHECK(look.found->size == 12 + 17 + 4);
    for (unsigned rcode : {1U, 4U, 5U, 6U, 9U, 10U})
        CHECK_FALSE(look.keeps({.rcode = static_cast<std::uint16_t>(rcode)}));
    const auto badvers = build("www.example.org.", dns::rr_type::a, {});
    CHECK_FALSE(look.raw(badvers, dns::rr_type::a, 16));
    look.limits.servfail_ttl = 0;
    CHECK_FALSE(look.keeps({.rcode = 2}));
}

TEST_CASE("cache/admission: survey: a signature has to be valid, and bounds the life") {
    Look look;
    const auto signature = [](std::string_view until, std::string_view since) {
        return std::string{"www.example.org. 300 RRSIG A 13 3 300 "} + std::string{until} + " " +
               std::string{since} + " 1 example.org. AAAA";
    };
    const std::string record = "www.example.org. 300 A 192.0.2.1";

    CHECK(look.keeps({.answer = {record, signature("20260201000000", "20251201000000")}}));
    CHECK(look.found->ttl == 300);
    CHECK(look.keeps({.answer = {record, signature("20260101000040", "20251201000000")}}));
    CHECK(look.found->ttl == 40);
    CHECK_FALSE(look.keeps({.answer = {record, signature("20260101000000", "20251201000000")}}));
    CHECK_FALSE(look.keeps({.answer = {record, signature("20260201000000", "20260101000001")}}));
}

TEST_CASE("cache/admission: survey: refuses what does not belong to the question") {
    Look look;
    const Text answer{.answer = {"www.example.org. 300 A 192.0.2.1"}};

    const auto other_name = look.raw(build("ww2.example.org.", dns::rr_type::a, answer));
    const auto other_type = look.raw(build("www.example.org.", dns::rr_type::aaaa, answer));
    CHECK(other_name.error() == Refusal::malformed);
    CHECK(other_type.error() == Refusal::malformed);
    CHECK(look.raw(build("WWW.example.ORG.", dns::rr_type::a, answer)));
}

TEST_CASE("cache/admission: survey: a message cut off or with a flipped octet does no harm") {
    Look look;
    const auto message = build(
        "www.example.org.",
        dns::rr_type::a,
        {.answer = {"www.example.org. 300 CNAME a.example.org.", "a.example.org. 300 A 192.0.2.1"},
         .authority = {soa},
         .additional = {"ns.example.org. 300 A 192.0.2.2"}});
    REQUIRE(look.raw(message));

    for (std::size_t size = 0; size < message.size(); ++size) {
        const std::vector<std::uint8_t> cut(
            message.begin(), message.begin() + static_cast<long>(size));
        CHECK(look.raw(cut).error() == Refusal::malformed);
    }
    for (std::size_t i = 0; i < message.size(); ++i) {
        for (unsigned value : {0x00U, 0x01U, 0x40U, 0xC0U, 0xFFU}) {
            auto bad = message;
            bad[i] = static_cast<std::uint8_t>(value);
            if (!look.raw(bad)) continue;
            CHECK(look.found->size <= bad.size());
            for (std::size_t ttl = 0; ttl < look.found->ttl_count; ++ttl)
                CHECK(look.found->ttl_offsets[ttl] + 4U <= look.found->size);
        }
    }
}

TEST_CASE("cache/admission: survey: octets behind the last record are not kept") {
    Look look;
    auto message = build("www.example.org.", 1, {.answer = {"www.example.org. 300 A 192.0.2.1"}});
    const std::size_t size = message.size();
    message.resize(size + 100, 0xEE);

    REQUIRE(look.raw(message));

    CHECK(look.found->size == size);
}

TEST_CASE("cache/admission: survey: aliases without end cost no time without end") {
    Look look;
    Text text;
    for (int i = 1999; i > 0; --i)
        text.answer.push_back(
            "a" + std::to_string(i) + ". 9 CNAME a" + std::to_string(i + 1) + ".");
    text.answer.emplace_back("www.example.org. 9 CNAME a1.");

    CHECK(look.at(text).error() == Refusal::not_stored);
}
