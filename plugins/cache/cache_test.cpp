// SPDX-License-Identifier: Apache-2.0
#include "handover.hpp"

#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using loom::harness::Answer;
using loom::harness::Asked;
using loom::harness::Harness;
using loom::harness::Question;
using loom::harness::Refused;
using loom::harness::Reply;
using loom::harness::Setup;
using loom::harness::Source;
using loom::harness::Table;

namespace {

constexpr std::uint16_t aa = 0x0400, tc = 0x0200, ra = 0x0080, ad = 0x0020;
const std::string soa = "example.org. 300 IN SOA ns.example.org. root.example.org. 1 2 3 4 120";

// A cache with a server behind it that answers every question alike.
struct Cached : Harness {
    explicit Cached(Reply reply, Table settings = {}, Setup setup = {})
        : Harness{loom_module_0, std::move(settings), std::move(setup)} {
        behind.otherwise([reply = std::move(reply)](const Asked&) { return reply; });
    }
    std::size_t asked() const { return behind.asked().size(); }
    bool hits(const Question& question) { return ask(question).source == Source::plugin; }
};

Reply address(std::uint16_t flags = ra) {
    return {.flags = flags, .answer = {"www.example.org. 300 IN A 192.0.2.1"}};
}

Reply echo(const Asked& question) { return {.answer = {question.name + " 300 IN A 192.0.2.1"}}; }

std::vector<std::uint8_t> octets(std::string_view text) { return {text.begin(), text.end()}; }

// The cache with a plugin behind it that gives EDNS options, which scripts do not: they are put in
// just before the cache's on_response looks.
namespace with_options {

const loom_response_1* service = nullptr;
void (*add)(const loom_response_1&, loom_query*) = nullptr;

loom_status create(
    const loom_host* table, const loom_options* options, loom_instance** out, loom_error* error) {
    service = static_cast<const loom_response_1*>(table->service(table, LOOM_SERVICE_RESPONSE));
    return loom_module_0.plugins[0]->create(table, options, out, error);
}

loom_verdict on_response(loom_instance* instance, void* worker, loom_query* query) {
    add(*service, query);
    return loom_module_0.plugins[0]->on_response(instance, worker, query);
}

const loom_module& module() {
    static const loom_plugin plugin = [] {
        loom_plugin copy = *loom_module_0.plugins[0];
        copy.create = create;
        copy.on_response = on_response;
        return copy;
    }();
    static const loom_plugin* const plugins[] = {&plugin};
    static const loom_module module{
        sizeof(loom_module), LOOM_ABI_MAJOR, LOOM_ABI_MINOR, 1, plugins};
    return module;
}

}  // namespace with_options

}  // namespace

TEST_CASE("plugin/cache: second question: is answered without asking again") {
    Cached cache{address()};

    const Answer first = cache.ask("www.example.org. A");
    const Answer second = cache.ask("www.example.org. A");

    CHECK(first.source == Source::behind);
    CHECK(second.source == Source::plugin);
    CHECK(second.verdict == LOOM_ANSWERED);
    CHECK(second.wire_form);
    CHECK(second.answer == first.answer);
    CHECK(second.flags == first.flags);
    CHECK(cache.asked() == 1);
    CHECK(cache.metric("dnsloom_cache_hits_total", {{"type", "success"}}) == 1);
    CHECK(cache.metric("dnsloom_cache_misses_total") == 1);
    CHECK(cache.metric("dnsloom_cache_entries") == 1);
    CHECK(cache.metric("dnsloom_cache_bytes") > 60);
}

TEST_CASE("plugin/cache: hit: each record keeps its own TTL, less its age") {
    Cached cache{
        {.answer = {
             "www.example.org. 300 IN CNAME a.example.org.", "a.example.org. 60 IN A 192.0.2.1"}}};
    cache.ask("www.example.org. A");

    cache.advance(10s + 900ms);
    const Answer hit = cache.ask("www.example.org. A");
    cache.advance(49s);
    const Answer last = cache.ask("www.example.org. A");
    cache.advance(100ms);
    const bool after = cache.hits("www.example.org. A");

    REQUIRE(hit.answer.size() == 2);
    CHECK(hit.answer[0] == "www.example.org. 290 IN CNAME a.example.org.");
    CHECK(hit.answer[1] == "a.example.org. 50 IN A 192.0.2.1");
    CHECK(last.answer.at(1) == "a.example.org. 1 IN A 192.0.2.1");
    CHECK_FALSE(after);
    CHECK(cache.hits("www.example.org. A"));
}

TEST_CASE("plugin/cache: key: type, DO, CD and RD matter; case, AD and transport do not") {
    Cached cache{address()};
    cache.ask("www.example.org. A");

    CHECK(cache.hits("WWW.Example.ORG. A"));
    CHECK(cache.hits(Question{"www.example.org. A"}.authentic_data()));
    CHECK(cache.hits(Question{"www.example.org. A"}.edns()));
    CHECK(cache.hits(Question{"www.example.org. A"}.tcp()));
    CHECK_FALSE(cache.hits("www.example.org. AAAA"));
    CHECK_FALSE(cache.hits("ww.example.org. A"));
    CHECK_FALSE(cache.hits(Question{"www.example.org. A"}.dnssec()));
    CHECK_FALSE(cache.hits(Question{"www.example.org. A"}.checking_disabled()));
    CHECK_FALSE(cache.hits(Question{"www.example.org. A"}.recursion_desired(false)));
    CHECK(cache.hits(Question{"www.example.org. A"}.dnssec()));
    CHECK(cache.hits(Question{"www.example.org. A"}.checking_disabled()));
}

TEST_CASE("plugin/cache: hit: the question is spelled as the client spelled it") {
    Cached cache{address()};
    cache.ask("www.EXAMPLE.org. A");

    const Answer hit = cache.ask("WWW.example.ORG. A");

    REQUIRE(hit.message.size() > 29);
    CHECK(std::string(hit.message.begin() + 13, hit.message.begin() + 16) == "WWW");
    CHECK(std::string(hit.message.begin() + 17, hit.message.begin() + 24) == "example");
}

TEST_CASE("plugin/cache: hit: AA is clear, RA as it was, AD for those who want it") {
    Cached cache{address(aa | ra | ad)};
    CHECK(cache.ask("www.example.org. A").is_authoritative());

    const Answer plain = cache.ask("www.example.org. A");
    const Answer wants = cache.ask(Question{"www.example.org. A"}.authentic_data());
    cache.ask(Question{"www.example.org. A"}.dnssec());
    const Answer secure = cache.ask(Question{"www.example.org. A"}.dnssec());

    CHECK((plain.flags & (aa | ra | ad)) == ra);
    CHECK((wants.flags & (aa | ra | ad)) == (ra | ad));
    CHECK((secure.flags & (aa | ra | ad)) == (ra | ad));
}

TEST_CASE("plugin/cache: denial: NXDOMAIN and NODATA live as their SOA says") {
    for (const std::uint16_t rcode : {std::uint16_t{3}, std::uint16_t{0}}) {
        Cached cache{{.rcode = rcode, .authority = {soa}}};
        cache.ask("www.example.org. A");

        cache.advance(20s);
        const Answer hit = cache.ask("www.example.org. A");
        cache.advance(100s);

        CHECK(hit.source == Source::plugin);
        CHECK(hit.rcode == rcode);
        CHECK(hit.authority.at(0).starts_with("example.org. 100 IN SOA"));
        CHECK(cache.metric("dnsloom_cache_hits_total", {{"type", "denial"}}) == 1);
        CHECK_FALSE(cache.hits("www.example.org. A"));
    }
}

TEST_CASE("plugin/cache: servfail: is kept for its time and shorter than answers") {
    Cached cache{{.rcode = 2}};
    cache.ask("www.example.org. A");

    const Answer hit = cache.ask("www.example.org. A");
    cache.advance(5s);

    CHECK(hit.source == Source::plugin);
    CHECK(hit.rcode == 2);
    CHECK_FALSE(cache.hits("www.example.org. A"));

    Cached never{{.rcode = 2}, {{"servfail", "0s"}}};
    never.ask("www.example.org. A");
    CHECK_FALSE(never.hits("www.example.org. A"));
}

TEST_CASE("plugin/cache: limits: TTLs are kept within them, on hits") {
    Cached cache{
        {.answer = {"www.example.org. 300 IN A 192.0.2.1"},
         .additional = {"b.example.org. 2 IN A 192.0.2.2"}},
        {{"max_ttl", "60s"}, {"min_ttl", "10s"}}};
    cache.ask("www.example.org. A");

    const Answer hit = cache.ask("www.example.org. A");
    cache.advance(10s);

    CHECK(hit.answer.at(0) == "www.example.org. 60 IN A 192.0.2.1");
    CHECK(hit.additional.at(0) == "b.example.org. 10 IN A 192.0.2.2");
    CHECK_FALSE(cache.hits("www.example.org. A"));

    Cached negative{{.rcode = 3, .authority = {soa}}, {{"negative_max_ttl", "30s"}}};
    negative.ask("www.example.org. A");
    CHECK(negative.ask("www.example.org. A").authority.at(0).starts_with("example.org. 30 IN SOA"));
}

TEST_CASE("plugin/cache: what no cache should answer is passed on") {
    Cached cache{address()};
    const auto twice = [&](const Question& question) {
        cache.ask(question);
        return cache.hits(question);
    };

    CHECK_FALSE(twice(Question{"www.example.org. A"}.opcode(4)));
    CHECK_FALSE(twice("www.example.org. CH A"));
    CHECK_FALSE(twice("www.example.org. AXFR"));
    CHECK_FALSE(twice("www.example.org. IXFR"));
    CHECK(twice("www.example.org. ANY"));
}

TEST_CASE("plugin/cache: what should not be kept is asked for again") {
    const auto twice = [](Reply reply) {
        Cached cache{std::move(reply)};
        cache.ask("www.example.org. A");
        return cache.hits("www.example.org. A");
    };

    CHECK_FALSE(twice(address(tc)));
    CHECK_FALSE(twice({.rcode = 5}));
    CHECK_FALSE(twice({.rcode = 4}));
    CHECK_FALSE(twice({.rcode = 3}));
    CHECK_FALSE(twice({.answer = {"www.example.org. 0 IN A 192.0.2.1"}}));
    CHECK_FALSE(twice({.answer = {"other.example.org. 300 IN A 192.0.2.1"}}));
    CHECK(twice({.answer = {"www.example.org. 300 IN A 192.0.2.1"}, .as_wire = true}));
}

TEST_CASE("plugin/cache: extended errors: are kept, other EDNS options are not") {
    with_options::add = [](const loom_response_1& response, loom_query* query) {
        constexpr std::uint8_t nsid[] = {'x'};
        response.option(query, 3, {nsid, sizeof nsid});
        response.extended_error(query, 9, {"no key", 6});
        response.extended_error(query, 7, {"too old", 7});
    };
    Harness cache{with_options::module()};
    cache.behind.otherwise([](const Asked&) { return Reply{.rcode = 2}; });
    cache.ask(Question{"www.example.org. A"}.edns());

    const Answer edns = cache.ask(Question{"www.example.org. A"}.edns());
    const Answer plain = cache.ask("www.example.org. A");

    REQUIRE(edns.source == Source::plugin);
    REQUIRE(edns.options.size() == 2);
    CHECK(edns.options[0].code == 15);
    CHECK(edns.extended_error()->code == 9);
    CHECK(edns.extended_error()->text == "no key");
    CHECK(edns.options[1].value.at(1) == 7);
    CHECK(plain.source == Source::plugin);
    CHECK(plain.options.empty());
}

TEST_CASE("plugin/cache: client subnet of others in the response: it is not kept") {
    with_options::add = [](const loom_response_1& response, loom_query* query) {
        constexpr std::uint8_t subnet[] = {0, 1, 24, 24, 203, 0, 113};
        response.option(query, 8, {subnet, sizeof subnet});
    };
    Harness cache{with_options::module()};
    cache.behind.otherwise([](const Asked&) { return address(); });
    cache.ask("www.example.org. A");

    CHECK(cache.ask("www.example.org. A").source == Source::behind);
}

TEST_CASE("plugin/cache: large answer: is truncated for UDP and whole over TCP") {
    Reply reply;
    for (int i = 0; i < 100; ++i)
        reply.answer.push_back("www.example.org. 300 IN A 192.0.2." + std::to_string(i));
    Cached cache{reply};
    cache.ask(Question{"www.example.org. A"}.tcp());

    const Answer udp = cache.ask("www.example.org. A");
    const Answer tcp = cache.ask(Question{"www.example.org. A"}.tcp());

    CHECK(udp.source == Source::plugin);
    CHECK(udp.is_truncated());
    CHECK(udp.message.size() <= 512);
    CHECK(tcp.source == Source::plugin);
    CHECK_FALSE(tcp.is_truncated());
    CHECK(tcp.answer.size() == 100);
}

TEST_CASE("plugin/cache: zone changed: what was kept at and below it is asked for again") {
    Harness cache{loom_module_0};
    cache.behind.otherwise(echo);
    for (const auto* name : {"example.org.", "www.example.org.", "example.com."}) cache.ask(name);

    cache.emit(LOOM_EVENT_ZONE_CHANGED, "example.org.");
    cache.run_ready();
    cache.advance(1ms);

    CHECK(cache.ask("www.example.org.").source == Source::behind);
    CHECK(cache.ask("www.example.org.").source == Source::plugin);
    CHECK(cache.ask("example.org.").source == Source::behind);
    CHECK(cache.ask("example.com.").source == Source::plugin);
}

TEST_CASE("plugin/cache: name changed: only that name is asked for again") {
    Harness cache{loom_module_0};
    cache.behind.otherwise(echo);
    for (const auto* name : {"example.org.", "www.example.org."}) cache.ask(name);

    cache.emit(LOOM_EVENT_NAME_CHANGED, "example.org.");
    cache.run_ready();
    cache.advance(1ms);

    CHECK(cache.ask("example.org.").source == Source::behind);
    CHECK(cache.ask("www.example.org.").source == Source::plugin);
}

TEST_CASE("plugin/cache: zone changed: an answer on its way since before is not kept") {
    Cached cache{address()};
    cache.behind.push({.answer = {"www.example.org. 300 IN A 192.0.2.9"}, .after = 1s});
    const auto flight = cache.send("www.example.org. A");
    cache.advance(500ms);

    cache.emit(LOOM_EVENT_ZONE_CHANGED, "example.org.");
    cache.advance(1s);

    CHECK(cache.result(*flight).answer.at(0) == "www.example.org. 300 IN A 192.0.2.9");
    CHECK(cache.ask("www.example.org. A").answer.at(0) == "www.example.org. 300 IN A 192.0.2.1");
}

TEST_CASE("plugin/cache: zones changed: a thousand of them at once flush everything") {
    Cached cache{address()};
    cache.ask("www.example.org. A");

    for (int i = 0; i < 1000; ++i)
        cache.emit(LOOM_EVENT_ZONE_CHANGED, "z" + std::to_string(i) + ".");
    cache.run_ready();
    cache.advance(1ms);

    CHECK_FALSE(cache.hits("www.example.org. A"));
    CHECK(cache.hits("www.example.org. A"));
}

TEST_CASE("plugin/cache: fill: memory and entries stay bounded, hot names stay") {
    Harness cache{loom_module_0, {{"capacity", "1MiB"}}};
    cache.behind.otherwise(echo);
    cache.ask("hot.example.");

    std::size_t lost = 0;
    for (int i = 0; i < 20'000; ++i) {
        cache.ask("n" + std::to_string(i) + ".example.");
        if (i % 100 == 0 && cache.ask("hot.example.").source != Source::plugin) ++lost;
    }

    CHECK(lost == 0);
    CHECK(cache.metric("dnsloom_cache_bytes") < 1 << 20);
    CHECK(cache.metric("dnsloom_cache_bytes") > 1 << 19);
    CHECK(cache.metric("dnsloom_cache_evictions_total") > 10'000);
    CHECK(cache.metric("dnsloom_cache_entries") > 4000);
}

TEST_CASE("plugin/cache: workers: each has its own part") {
    Cached cache{address(), {}, Setup{.workers = 2}};
    cache.ask(Question{"www.example.org. A"}.worker(0));

    CHECK_FALSE(cache.hits(Question{"www.example.org. A"}.worker(1)));
    CHECK(cache.hits(Question{"www.example.org. A"}.worker(1)));
    CHECK(cache.metric("dnsloom_cache_entries") == 2);

    cache.emit(LOOM_EVENT_ZONE_CHANGED, ".");
    cache.run_ready();
    cache.advance(1ms);
    CHECK_FALSE(cache.hits(Question{"www.example.org. A"}.worker(0)));
    CHECK_FALSE(cache.hits(Question{"www.example.org. A"}.worker(1)));
}

TEST_CASE("plugin/cache: replaced: the new instance has what the old one had, and outlives it") {
    auto old = std::make_unique<Cached>(address(), Table{}, Setup{.workers = 2});
    old->ask(Question{"www.example.org. A"}.worker(1));
    const Setup setup{.workers = 2, .state = old->export_state(LOOM_STATE_WARM)};

    Cached fresh{address(), {{"max_ttl", "30m"}}, setup};
    // While the old one drains, both use the memory.
    old->ask(Question{"www.example.org. AAAA"}.worker(0));
    old->ask(Question{"later.example.org. A"}.worker(0));
    old.reset();

    CHECK(fresh.hits(Question{"www.example.org. A"}.worker(1)));
    CHECK_FALSE(fresh.hits(Question{"www.example.org. A"}.worker(0)));
    CHECK(fresh.hits(Question{"www.example.org. A"}.worker(0)));
}

TEST_CASE("plugin/cache: replaced: a change told to the old instance holds for the new one") {
    Cached old{address()};
    old.ask("www.example.org. A");
    old.emit(LOOM_EVENT_ZONE_CHANGED, "example.org.");
    old.run_ready();

    Cached fresh{address(), {}, Setup{.state = old.export_state(LOOM_STATE_WARM)}};
    fresh.advance(1ms);

    CHECK_FALSE(fresh.hits("www.example.org. A"));
}

TEST_CASE("plugin/cache: replaced with another capacity: entries move over as they are asked for") {
    auto old = std::make_unique<Cached>(address(), Table{{"capacity", "4MiB"}});
    old->ask("www.example.org. A");
    const auto state = old->export_state(LOOM_STATE_WARM);

    Cached fresh{address(), {{"capacity", "2MiB"}}, Setup{.state = state}};
    old.reset();
    CHECK(fresh.hits("www.example.org. A"));
    CHECK(fresh.metric("dnsloom_cache_entries") == 1);
    CHECK(fresh.hits("www.example.org. A"));

    // What the first instance had is over after max_ttl; its memory goes with the next miss.
    const auto region = loom::cache::decode_handover(state)->at(0);
    CHECK(loom::cache::Region::attach(region));
    fresh.advance(1h);
    CHECK_FALSE(fresh.hits("www.example.org. A"));
    fresh.run_ready();
    CHECK_FALSE(loom::cache::Region::attach(region));
    CHECK(fresh.hits("www.example.org. A"));
}

TEST_CASE("plugin/cache: replaced: a zone change after the swap holds for what moves over") {
    Cached old{address(), {{"capacity", "4MiB"}}};
    old.ask("www.example.org. A");

    Cached fresh{
        address(), {{"capacity", "2MiB"}}, Setup{.state = old.export_state(LOOM_STATE_WARM)}};
    fresh.emit(LOOM_EVENT_ZONE_CHANGED, "example.org.");
    fresh.run_ready();
    fresh.advance(1ms);

    CHECK_FALSE(fresh.hits("www.example.org. A"));
}

TEST_CASE("plugin/cache: import: refuses foreign octets and starts empty") {
    Cached old{address()};
    old.ask("www.example.org. A");
    auto state = old.export_state(LOOM_STATE_WARM);
    Cached fresh{address()};

    state.back() ^= 1;
    CHECK(fresh.import_state(LOOM_STATE_WARM, state) == LOOM_E_ARGUMENT);
    CHECK(fresh.import_state(LOOM_STATE_WARM, {}) == LOOM_E_ARGUMENT);
    CHECK(fresh.import_state(LOOM_STATE_WARM, octets("warm")) == LOOM_E_ARGUMENT);
    CHECK(fresh.import_state(LOOM_STATE_WARM, std::vector<std::uint8_t>(1 << 20)) == LOOM_E_LIMIT);
    state.back() ^= 1;
    Cached two{address(), {}, Setup{.workers = 2}};
    CHECK(two.import_state(LOOM_STATE_WARM, state) == LOOM_E_UNSUPPORTED);

    CHECK_FALSE(fresh.hits("www.example.org. A"));
    CHECK_FALSE(two.hits("www.example.org. A"));
}

TEST_CASE("plugin/cache: import: refuses the address of an instance that is gone") {
    auto old = std::make_unique<Cached>(address());
    const auto state = old->export_state(LOOM_STATE_WARM);
    old.reset();
    Cached fresh{address()};

    CHECK(fresh.import_state(LOOM_STATE_WARM, state) == LOOM_E_ARGUMENT);
}

TEST_CASE("plugin/cache: options: are checked") {
    const auto refusal = [](Table table, Setup setup = {}) {
        return Harness::refusal(loom_module_0, std::move(table), std::move(setup));
    };

    CHECK(refusal({}).empty());
    CHECK_FALSE(refusal({{"capacity", "512KiB"}}).empty());
    CHECK_FALSE(refusal({{"servfail", "6m"}}).empty());
    CHECK_FALSE(refusal({{"max_ttl", "0s"}}).empty());
    CHECK(refusal({{"min_ttl", "2h"}}).find("above max_ttl") != std::string::npos);
    CHECK(refusal({{"min_ttl", "40m"}}).find("above negative_max_ttl") != std::string::npos);
    CHECK(
        refusal({{"capacity", "1MiB"}}, Setup{.workers = 32}).find("2048 KiB") !=
        std::string::npos);
}

TEST_CASE("plugin/cache: without events: works") {
    Cached cache{address(), {}, Setup{.missing_services = {LOOM_SERVICE_EVENTS}}};
    cache.ask("www.example.org. A");
    CHECK(cache.hits("www.example.org. A"));
}
