// SPDX-License-Identifier: Apache-2.0
// Who asks upstream, who waits, and what is served after its time.

#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace loom::harness;

namespace {

constexpr std::uint16_t ad = 0x0020;
const std::string record = "www.example.org. 60 IN A 192.0.2.1";
const std::string newer = "www.example.org. 60 IN A 192.0.2.2";
const char* const www = "www.example.org. A";

Reply answer(const std::string& text, std::chrono::nanoseconds after = {}) {
    return {.answer = {text}, .after = after};
}
Reply failure(std::chrono::nanoseconds after = {}) { return {.rcode = 2, .after = after}; }
Reply nxdomain() {
    return {
        .rcode = 3,
        .authority = {"example.org. 60 IN SOA ns.example.org. root.example.org. 1 2 3 4 60"}};
}

struct Cache : Harness {
    explicit Cache(Table settings = {}) : Harness{loom_module_0, std::move(settings)} {}
    std::size_t asked() const { return behind.asked().size(); }
    double stale() const { return metric("dnsloom_cache_served_stale_total"); }
};

/// With an answer that has just ended.
struct Ended : Cache {
    explicit Ended(Table settings) : Cache{std::move(settings)} {
        behind.push(answer(record));
        ask(www);
        advance(60s);
    }
};

std::string refusal(Table settings) { return Harness::refusal(loom_module_0, std::move(settings)); }

}  // namespace

TEST_CASE("plugin/cache: a thousand clients with one question: one of them asks") {
    Cache cache;
    cache.behind.push(answer(record, 1s));
    std::vector<std::shared_ptr<Flight>> clients;
    for (int i = 0; i < 1000; ++i) clients.push_back(cache.send(www));

    cache.advance(1s);

    CHECK(cache.asked() == 1);
    for (const auto& client : clients) CHECK(cache.result(*client).answer.at(0) == record);
    CHECK(cache.metric("dnsloom_cache_waits_total") == 999);
    CHECK(cache.suspended_count() == 0);
}

TEST_CASE("plugin/cache: clients with other questions: do not wait") {
    Cache cache;
    for (int i = 0; i < 4; ++i) cache.behind.push(answer(record, 1s));
    cache.send(www);
    cache.send("www.example.org. AAAA");
    cache.send("ww.example.org. A");
    cache.send(Question{www}.dnssec());

    CHECK(cache.asked() == 4);
    cache.advance(1s);
}

TEST_CASE("plugin/cache: those who wait for what is not kept: get that very answer") {
    Cache cache{{{"servfail", "0s"}}};
    SUBCASE("a TTL of 0") { cache.behind.push(answer("www.example.org. 0 IN A 192.0.2.1", 1s)); }
    SUBCASE("a failure") {
        cache.behind.push({.rcode = 2, .options = {{15, {0, 22}}}, .after = 1s});
    }
    SUBCASE("an rcode that is not kept") { cache.behind.push({.rcode = 5, .after = 1s}); }
    const auto first = cache.send(www);
    const auto second = cache.send(Question{www}.edns());
    const auto third = cache.send(Question{www}.id(7));

    cache.advance(1s);

    CHECK(cache.asked() == 1);
    const Answer led = cache.result(*first);
    for (const auto& client : {second, third}) {
        const Answer got = cache.result(*client);
        CHECK(got.source == Source::plugin);
        CHECK(got.rcode == led.rcode);
        CHECK(got.answer == led.answer);
    }
    if (led.rcode == 2) CHECK(cache.result(*second).extended_error()->code == 22);
    cache.behind.push(answer(record));
    CHECK(cache.ask(www).source == Source::behind);
}

TEST_CASE("plugin/cache: one who waits and gives up: leaves the others in peace") {
    Cache cache;
    cache.behind.push(answer(record, 5s));
    const auto first = cache.send(www);
    const auto hasty = cache.send(Question{www}.deadline(1s));
    const auto last = cache.send(www);
    const auto patient = cache.send(Question{www}.deadline(2s));

    cache.advance(3s);
    CHECK(cache.result(*hasty).rcode == 2);
    CHECK(cache.result(*patient).rcode == 2);
    cache.advance(2s);

    CHECK(cache.result(*first).answer.size() == 1);
    CHECK(cache.result(*last).answer.size() == 1);
    CHECK(cache.asked() == 1);
}

TEST_CASE("plugin/cache: one who asks and gives up: those who wait are told of the failure") {
    Cache cache;
    cache.behind.push({.lost = true});
    const auto first = cache.send(Question{www}.deadline(1s));
    const auto second = cache.send(www);

    cache.advance(1s);

    CHECK(cache.result(*first).rcode == 2);
    CHECK(cache.result(*second).rcode == 2);
    CHECK(cache.suspended_count() == 0);
}

TEST_CASE("plugin/cache: AD: is asked for upstream, kept, and given to who asks for it") {
    Cache cache;
    cache.behind.push({.flags = ad, .answer = {record}});

    const Answer plain = cache.ask(www);

    CHECK((cache.behind.asked().at(0).flags & LOOM_QUERY_AD) != 0);
    CHECK((plain.flags & ad) == 0);
    CHECK((cache.ask(www).flags & ad) == 0);
    CHECK((cache.ask(Question{www}.authentic_data()).flags & ad) != 0);
    CHECK(cache.asked() == 1);
}

TEST_CASE("plugin/cache: serve_stale immediate: old data at once, new data behind it") {
    Ended cache{{{"serve_stale", "1h"}}};
    cache.behind.push(answer(newer, 1s));

    const Answer old = cache.ask(Question{www}.edns());
    const Answer again = cache.ask(www);

    CHECK(old.answer.at(0) == "www.example.org. 30 IN A 192.0.2.1");
    REQUIRE(old.extended_error());
    CHECK(old.extended_error()->code == 3);
    CHECK(again.answer == old.answer);
    CHECK(cache.asked() == 2);
    CHECK(cache.behind.asked()[1].background);
    CHECK(cache.stale() == 2);
    cache.advance(1s);
    CHECK(cache.ask(www).answer.at(0) == newer);
    CHECK(cache.asked() == 2);
}

TEST_CASE(
    "plugin/cache: serve_stale: a failure leaves the last good answer, and upstreams a rest") {
    Ended cache{{{"serve_stale", "1h"}, {"serve_stale_recheck", "10s"}, {"serve_stale_ttl", "7s"}}};
    cache.behind.otherwise([](const Asked&) { return failure(); });

    CHECK(cache.ask(www).answer.at(0) == "www.example.org. 7 IN A 192.0.2.1");
    CHECK(cache.ask(www).answer.size() == 1);
    cache.advance(9s);
    CHECK(cache.ask(www).answer.size() == 1);
    CHECK(cache.asked() == 2);
    cache.advance(1s);
    CHECK(cache.ask(www).answer.size() == 1);
    CHECK(cache.asked() == 3);
    cache.advance(1h);
    CHECK(cache.ask(www).rcode == 2);
}

TEST_CASE("plugin/cache: serve_stale: what denies a name is told as such") {
    Cache cache{{{"serve_stale", "1h"}}};
    cache.behind.push(nxdomain());
    cache.ask(www);
    cache.advance(60s);

    const Answer old = cache.ask(Question{www}.edns());

    CHECK(old.rcode == 3);
    CHECK(old.extended_error()->code == 19);
}

TEST_CASE("plugin/cache: serve_stale: neither failures nor what a change made void are served") {
    Cache cache{{{"serve_stale", "1h"}, {"servfail", "5s"}}};
    cache.behind.push(failure());
    cache.ask(www);
    cache.advance(5s);
    cache.behind.push(answer(record));
    CHECK(cache.ask(www).source == Source::behind);

    cache.advance(60s);
    cache.emit(LOOM_EVENT_ZONE_CHANGED, "example.org.");
    cache.run_ready();
    cache.behind.push(answer(newer));
    CHECK(cache.ask(www).answer.at(0) == newer);
    CHECK(cache.stale() == 0);
}

TEST_CASE(
    "plugin/cache: serve_stale verify: asks first, and serves old data only for want of new") {
    Ended cache{{{"serve_stale", "1h"}, {"serve_stale_refresh", "verify"}}};
    SUBCASE("new data comes") {
        cache.behind.push(answer(newer, 1s));
        const auto one = cache.send(www);
        const auto two = cache.send(www);
        CHECK(cache.result(*one).pending);
        cache.advance(1s);
        CHECK(cache.result(*one).answer.at(0) == newer);
        CHECK(cache.result(*two).answer.at(0) == newer);
        CHECK(cache.stale() == 0);
    }
    SUBCASE("a failure comes") {
        cache.behind.push(failure(1s));
        const auto one = cache.send(www);
        cache.advance(1s);
        CHECK(cache.result(*one).answer.at(0) == "www.example.org. 30 IN A 192.0.2.1");
        CHECK(cache.ask(www).answer.size() == 1);
        CHECK(cache.stale() == 2);
    }
    SUBCASE("nothing comes for a while") {
        cache.behind.push(answer(newer, 5s));
        const auto one = cache.send(www);
        cache.advance(1799ms);
        CHECK(cache.result(*one).pending);
        cache.advance(1ms);
        CHECK(cache.result(*one).answer.at(0) == "www.example.org. 30 IN A 192.0.2.1");
        cache.advance(4s);
        CHECK(cache.ask(www).answer.at(0).ends_with("192.0.2.2"));
    }
    CHECK(cache.asked() == 2);
    CHECK(cache.suspended_count() == 0);
}

TEST_CASE("plugin/cache: prefetch: renews what is asked for often, shortly before its end") {
    Cache cache{{{"prefetch", 3}, {"prefetch_percentage", 20}}};
    cache.behind.push(answer(record)).push(answer(newer, 1s));
    cache.ask(www);
    for (int i = 0; i < 3; ++i) cache.ask(www);
    cache.advance(47s);
    cache.ask(www);
    CHECK(cache.asked() == 1);
    cache.advance(1s);

    CHECK(cache.ask(www).answer.at(0) == "www.example.org. 12 IN A 192.0.2.1");

    CHECK(cache.asked() == 2);
    CHECK(cache.metric("dnsloom_cache_prefetch_total") == 1);
    cache.ask(www);
    CHECK(cache.asked() == 2);
    cache.advance(1s);
    CHECK(cache.ask(www).answer.at(0) == newer);
}

TEST_CASE("plugin/cache: prefetch: leaves alone what few ask for, and what could not be renewed") {
    Cache cache{{{"prefetch", 3}, {"serve_stale_recheck", "20s"}}};
    cache.behind.push(answer(record)).push(failure());
    cache.ask(www);
    cache.advance(55s);
    cache.ask(www);
    cache.ask(www);
    CHECK(cache.asked() == 1);

    cache.ask(www);
    CHECK(cache.asked() == 2);
    CHECK(cache.ask(www).answer.size() == 1);
    CHECK(cache.asked() == 2);
}

TEST_CASE("plugin/cache: keepttl: records keep the TTL they came with") {
    Cache cache{{{"keepttl", true}}};
    cache.behind.push(answer(record));
    cache.ask(www);
    cache.advance(59s);

    CHECK(cache.ask(www).answer.at(0) == record);
}

TEST_CASE("plugin/cache: disable: what is in the zones is not kept") {
    Cache cache{
        {{"disable_success", List{"a.test"}}, {"disable_denial", List{"b.test", "c.test"}}}};
    const auto kept = [&](const std::string& name, Reply reply) {
        cache.behind.otherwise([reply](const Asked&) { return reply; });
        cache.ask(name + " A");
        return cache.ask(name + " A").source == Source::plugin;
    };
    const auto denial = [](const std::string& zone) {
        return Reply{.rcode = 3, .authority = {zone + " 60 IN SOA ns. root. 1 2 3 4 60"}};
    };
    CHECK_FALSE(kept("x.a.test.", answer("x.a.test. 60 IN A 192.0.2.1")));
    CHECK(kept("y.a.test.", denial("a.test.")));
    CHECK_FALSE(kept("b.test.", denial("b.test.")));
    CHECK_FALSE(kept("x.c.test.", denial("c.test.")));
    CHECK(kept("y.c.test.", answer("y.c.test. 60 IN A 192.0.2.1")));
}

TEST_CASE("plugin/cache: options: out of bounds is refused with what is allowed") {
    CHECK(refusal({{"prefetch", 256}}).find("255") != std::string::npos);
    CHECK(refusal({{"prefetch_percentage", 5}}).find("10") != std::string::npos);
    CHECK(refusal({{"serve_stale_refresh", "later"}}).find("verify") != std::string::npos);
    CHECK(refusal({{"serve_stale_recheck", "6m"}}).find("recheck") != std::string::npos);
    CHECK_FALSE(refusal({{"serve_stale", "31d"}}).empty());
    CHECK_FALSE(refusal({{"serve_stale_verify_timeout", "0s"}}).empty());
    CHECK_FALSE(refusal({{"disable_success", List{"a..b"}}}).empty());
}

TEST_CASE("plugin/cache: denial_capacity: a flood of denials leaves answers alone") {
    for (const bool apart : {false, true}) {
        CAPTURE(apart);
        Cache cache{{{"capacity", "1MiB"}, {"denial_capacity", apart ? "1MiB" : "0"}}};
        cache.behind.push(answer(record));
        cache.ask(www);
        cache.behind.otherwise([](const Asked&) { return nxdomain(); });
        for (int i = 0; i < 10'000; ++i) cache.ask("n" + std::to_string(i) + ".example.org. A");

        CHECK((cache.ask(www).source == Source::plugin) == apart);
        CHECK(cache.ask("n9999.example.org. A").source == Source::plugin);
        CHECK(cache.command("dump").text.find("NXDOMAIN") != std::string::npos);
    }
}

TEST_CASE("plugin/cache: denial_capacity: what is true now displaces what was") {
    Cache cache{{{"denial_capacity", "1MiB"}, {"prefetch", 1}, {"prefetch_percentage", 90}}};
    cache.behind.push(answer(record)).push(nxdomain()).push(answer(newer));
    cache.ask(www);
    cache.advance(10s);
    CHECK(cache.ask(www).answer.size() == 1);
    CHECK(cache.ask(www).rcode == 3);
    cache.advance(10s);
    cache.ask(www);
    CHECK(cache.ask(www).answer.at(0) == newer);
    cache.command("flush", {"all"});
    cache.behind.push(nxdomain());
    CHECK(cache.ask(www).source == Source::behind);
    CHECK_FALSE(refusal({{"denial_capacity", "1KiB"}}).empty());
}
