// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using loom::harness::Answer;
using loom::harness::Asked;
using loom::harness::Harness;
using loom::harness::List;
using loom::harness::Question;
using loom::harness::Reply;
using loom::harness::Setup;
using loom::harness::Table;
using Octets = std::vector<std::uint8_t>;

constexpr std::uint16_t cookie_code = 10;
constexpr std::uint16_t badcookie = 23;
const std::string soa = "example.org. 300 IN SOA ns.example.org. host.example.org. 1 2 3 4 60";
const std::string secret = "e5e973e5a6b2a43f48e7dc849e37bfcf";

std::optional<Reply> answer_all(const Asked& asked) {
    if (asked.name.starts_with("no")) return Reply{.rcode = 3, .authority = {soa}, .as_wire = true};
    if (asked.name.starts_with("empty")) return Reply{.authority = {soa}, .as_wire = true};
    if (asked.name.starts_with("below"))
        return Reply{.authority = {"sub.example.org. 60 IN NS ns.example.net."}, .as_wire = true};
    if (asked.name.starts_with("bad")) return Reply{.rcode = 5, .as_wire = true};
    return Reply{.answer = {asked.name + " 60 IN A 192.0.2.1"}, .as_wire = true};
}

/// An instance before plugins that answer by the first letters of a name.
struct Limited {
    explicit Limited(Table settings, Setup setup = {})
        : h{loom_module_0, std::move(settings), std::move(setup)} {
        h.behind.otherwise(answer_all);
    }
    /// How many of so many questions are answered in full.
    unsigned
    answered(unsigned tries, const std::string& name, const std::string& client = "10.0.0.1") {
        unsigned count = 0;
        for (unsigned i = 0; i < tries; ++i) {
            const Answer answer = h.ask(Question{name}.client(client));
            count += !answer.dropped && !answer.is_truncated() ? 1U : 0U;
        }
        return count;
    }
    double limited(const char* name) const {
        return h.metric("dnsloom_ratelimit_limited_total", {{"class", name}});
    }
    Harness h;
};

Octets client_cookie() { return {1, 2, 3, 4, 5, 6, 7, 8}; }

Question with_cookie(const Octets& cookie, const std::string& client = "10.0.0.1") {
    return Question{"example.org. A"}.client(client).option(cookie_code, cookie);
}

Octets cookie_of(const Answer& answer) {
    for (const auto& option : answer.options)
        if (option.code == cookie_code) return option.value;
    return {};
}

std::string refusal(Table settings) { return Harness::refusal(loom_module_0, std::move(settings)); }

}  // namespace

TEST_CASE(
    "plugin/ratelimit: responses_per_second: so many equal answers, and again a second later") {
    Limited limit{{{"responses_per_second", 5}}};

    CHECK(limit.answered(20, "www.example.org. A") == 5);
    CHECK(limit.limited("answer") == 15);
    limit.h.advance(20s);
    CHECK(limit.answered(5, "www.example.org. A") == 5);
}

TEST_CASE("plugin/ratelimit: other names, types and networks: have limits of their own") {
    Limited limit{{{"responses_per_second", 5}}};
    limit.answered(20, "www.example.org. A");

    CHECK(limit.answered(5, "mail.example.org. A") == 5);
    CHECK(limit.answered(5, "www.example.org. A", "10.0.1.1") == 5);
    CHECK(limit.answered(5, "www.example.org. A", "10.0.0.200") == 0);
    CHECK(limit.answered(5, "WWW.example.org. A") == 0);
}

TEST_CASE("plugin/ratelimit: prefix lengths: say what a network is") {
    Limited limit{
        {{"responses_per_second", 5}, {"ipv4_prefix_length", 32}, {"ipv6_prefix_length", 64}}};

    limit.answered(20, "www.example.org. A");
    CHECK(limit.answered(5, "www.example.org. A", "10.0.0.2") == 5);
    limit.answered(20, "www.example.org. A", "2001:db8::1");
    CHECK(limit.answered(5, "www.example.org. A", "2001:db8::2") == 0);
    CHECK(limit.answered(5, "www.example.org. A", "2001:db8:0:1::1") == 5);
}

TEST_CASE("plugin/ratelimit: denials and referrals: count for their zone, errors for the client") {
    for (const auto& [name, kind, option] :
         {std::tuple{"no", "nxdomain", "nxdomains_per_second"},
          std::tuple{"empty", "nodata", "nodata_per_second"},
          std::tuple{"below", "referral", "referrals_per_second"},
          std::tuple{"bad", "error", "errors_per_second"}}) {
        CAPTURE(name);
        Limited limit{{{"responses_per_second", 1000}, {option, 3}}};
        unsigned answered = 0;
        for (unsigned i = 0; i < 10; ++i)
            answered += limit.answered(1, name + std::to_string(i) + ".sub.example.org. A");

        CHECK(answered == 3);
        CHECK(limit.limited(kind) == 7);
        CHECK(limit.answered(10, "www.example.org. A") == 10);
    }
}

TEST_CASE("plugin/ratelimit: limits of classes: are responses_per_second if not given") {
    Limited limit{{{"responses_per_second", 4}}};

    CHECK(limit.answered(10, "no.example.org. A") == 4);
    CHECK(limit.answered(10, "bad.example.org. A") == 4);
}

TEST_CASE("plugin/ratelimit: 0: means no limit") {
    Limited limit{{{"responses_per_second", 0}, {"nxdomains_per_second", 2}}};

    CHECK(limit.answered(100, "www.example.org. A") == 100);
    CHECK(limit.answered(10, "no.example.org. A") == 2);
}

TEST_CASE("plugin/ratelimit: requests_per_second: limits all names together, ahead of the others") {
    Limited limit{{{"requests_per_second", 5}}};
    unsigned answered = 0;
    for (unsigned i = 0; i < 20; ++i)
        answered += limit.answered(1, "n" + std::to_string(i) + ".org.");

    CHECK(answered == 5);
    CHECK(limit.h.behind.asked().size() == 5);
    CHECK(limit.limited("request") == 15);
}

TEST_CASE("plugin/ratelimit: slip_ratio: every so many is sent truncated and empty") {
    const auto slipped = [](int ratio) {
        Limited limit{{{"responses_per_second", 1}, {"slip_ratio", ratio}}};
        limit.answered(1, "www.example.org. A");
        unsigned count = 0;
        for (int i = 0; i < 12; ++i) {
            const auto answer = limit.h.ask(Question{"www.example.org. A"}.client("10.0.0.1"));
            if (answer.dropped) continue;
            CHECK(answer.is_truncated());
            CHECK(answer.answer.empty());
            ++count;
        }
        CHECK(limit.h.metric("dnsloom_ratelimit_slipped_total") == count);
        CHECK(limit.h.metric("dnsloom_ratelimit_dropped_total") == 12 - count);
        return count;
    };

    CHECK(slipped(0) == 0);
    CHECK(slipped(1) == 12);
    CHECK(slipped(2) == 6);
    CHECK(slipped(3) == 4);
}

TEST_CASE("plugin/ratelimit: window: a flood is over for its network when it has passed") {
    Limited limit{{{"responses_per_second", 5}, {"window", "3s"}}};
    limit.answered(1000, "www.example.org. A");
    limit.h.advance(3s);
    CHECK(limit.answered(1, "www.example.org. A") == 0);
    limit.h.advance(2s);
    CHECK(limit.answered(1, "www.example.org. A") == 1);
}

TEST_CASE("plugin/ratelimit: TCP, exempt networks and sub-queries: have no limits") {
    Limited limit{{{"responses_per_second", 1}, {"exempt", List{"10.1.0.0/16", "2001:db8::/32"}}}};

    CHECK(limit.answered(20, "www.example.org. A", "10.1.0.1") == 20);
    CHECK(limit.answered(20, "www.example.org. A", "2001:db8::1") == 20);
    for (int i = 0; i < 20; ++i) {
        CHECK_FALSE(limit.h.ask(Question{"www.example.org. A"}.client("10.0.0.1").tcp()).dropped);
        Question inner{"www.example.org. A"};
        inner.data().flags |= LOOM_QUERY_SUBQUERY;
        CHECK_FALSE(limit.h.ask(inner.client("10.0.0.1")).dropped);
    }
    CHECK(limit.limited("answer") == 0);
}

TEST_CASE("plugin/ratelimit: report_only: counts and sends") {
    Limited limit{{{"responses_per_second", 5}, {"report_only", true}}};

    CHECK(limit.answered(20, "www.example.org. A") == 20);
    CHECK(limit.limited("answer") == 15);
    CHECK(limit.h.metric("dnsloom_ratelimit_dropped_total") == 0);
}

TEST_CASE("plugin/ratelimit: network over its limit: is logged, but not for every response") {
    Limited limit{{{"responses_per_second", 1}}};
    limit.answered(20, "www.example.org. A");
    limit.answered(20, "mail.example.org. A");

    REQUIRE(limit.h.log().size() == 1);
    CHECK(limit.h.log()[0].field("network") == "10.0.0.0/24");
    CHECK(limit.h.log()[0].field("class") == "answer");
}

TEST_CASE("plugin/ratelimit: several workers: share the limit") {
    Limited limit{{{"responses_per_second", 10}}, Setup{.workers = 4}};
    CHECK(limit.answered(20, "www.example.org. A") == 3);  // 10 / 4, rounded up.
}

TEST_CASE("plugin/ratelimit: max_table_size: is what is remembered") {
    Limited limit{{{"responses_per_second", 1}, {"max_table_size", 1000}}};
    for (unsigned i = 0; i < 20'000; ++i) limit.answered(1, "n" + std::to_string(i) + ".org. A");

    CHECK(limit.h.metric("dnsloom_ratelimit_evictions_total") > 10'000);
}

TEST_CASE("plugin/ratelimit: records instead of a message: count as well") {
    Limited limit{{{"responses_per_second", 2}}};
    limit.h.behind.otherwise([](const Asked&) { return Reply{.rcode = 3, .authority = {soa}}; });

    CHECK(limit.answered(10, "x.example.org. A") == 2);
}

// -- Cookies --------------------------------------------------------------------------------------

TEST_CASE(
    "plugin/ratelimit: client cookie: gets a server cookie, and with it there are no limits") {
    Limited limit{{{"responses_per_second", 1}}};
    const auto first = limit.h.ask(with_cookie(client_cookie()));
    const auto cookie = cookie_of(first);
    REQUIRE(cookie.size() == 24);
    CHECK(Octets{cookie.begin(), cookie.begin() + 8} == client_cookie());

    for (int i = 0; i < 20; ++i) {
        const auto answer = limit.h.ask(with_cookie(cookie));
        CHECK(answer.answer.size() == 1);
        CHECK(cookie_of(answer) == cookie);
    }
    CHECK(limit.h.metric("dnsloom_ratelimit_cookies_total", {{"result", "new"}}) == 1);
    CHECK(limit.h.metric("dnsloom_ratelimit_cookies_total", {{"result", "good"}}) == 20);
}

TEST_CASE("plugin/ratelimit: server cookie of another client, or too old: does not count") {
    Limited limit{{{"responses_per_second", 1}, {"cookie_secret", secret}}};
    const auto cookie = cookie_of(limit.h.ask(with_cookie(client_cookie())));
    limit.h.advance(60s);
    CHECK(limit.h.ask(with_cookie(cookie, "10.0.0.2")).answer.size() == 1);
    CHECK(limit.h.metric("dnsloom_ratelimit_cookies_total", {{"result", "bad"}}) == 1);
    limit.h.advance(30min);
    const auto renewed = cookie_of(limit.h.ask(with_cookie(cookie)));
    CHECK(renewed != cookie);
    limit.h.advance(31min);
    CHECK(cookie_of(limit.h.ask(with_cookie(cookie))) != cookie);
    CHECK(limit.h.metric("dnsloom_ratelimit_cookies_total", {{"result", "bad"}}) == 2);
    CHECK(limit.h.metric("dnsloom_ratelimit_cookies_total", {{"result", "good"}}) == 1);
}

TEST_CASE("plugin/ratelimit: over the limit with a client cookie: is BADCOOKIE with a good one") {
    Limited limit{{{"responses_per_second", 1}, {"slip_ratio", 1}}};
    limit.h.ask(with_cookie(client_cookie()));
    const auto limited = limit.h.ask(with_cookie(client_cookie()));

    CHECK(limited.rcode == badcookie);
    CHECK_FALSE(limited.is_truncated());
    CHECK(limit.h.ask(with_cookie(cookie_of(limited))).rcode == 0);
    CHECK(limit.h.metric("dnsloom_ratelimit_badcookie_total") == 1);
}

TEST_CASE("plugin/ratelimit: require_cookie: is BADCOOKIE over UDP to those that know cookies") {
    Limited limit{{{"require_cookie", true}}};
    const auto demanded = limit.h.ask(with_cookie(client_cookie()));

    CHECK(demanded.rcode == badcookie);
    CHECK(limit.h.behind.asked().empty());
    CHECK(limit.h.ask(with_cookie(cookie_of(demanded))).rcode == 0);
    CHECK(limit.h.ask(with_cookie(client_cookie()).tcp()).rcode == 0);
    CHECK(limit.h.ask("example.org. A").rcode == 0);
}

TEST_CASE("plugin/ratelimit: cookie of a wrong size: is FORMERR") {
    Limited limit{{}};

    for (const std::size_t size : {0U, 7U, 9U, 15U, 41U})
        CHECK(limit.h.ask(with_cookie(Octets(size, 1))).rcode == 1);
    CHECK(limit.h.ask(with_cookie(Octets(40, 1))).rcode == 0);
    CHECK(limit.h.metric("dnsloom_ratelimit_cookies_total", {{"result", "malformed"}}) == 5);
}

TEST_CASE("plugin/ratelimit: cookies = false: are not looked at") {
    Limited limit{{{"cookies", false}}};

    CHECK(cookie_of(limit.h.ask(with_cookie(client_cookie()))).empty());
    CHECK(limit.h.ask(with_cookie(Octets(7, 1))).rcode == 0);
}

TEST_CASE("plugin/ratelimit: cookie_secret: servers with the same one know each other's cookies") {
    Limited one{{{"cookie_secret", secret}, {"require_cookie", true}}};
    Limited two{
        {{"cookie_secret", List{"00112233445566778899aabbccddeeff", secret}},
         {"require_cookie", true}}};
    const auto cookie = cookie_of(one.h.ask(with_cookie(client_cookie())));
    const auto answer = two.h.ask(with_cookie(cookie));

    CHECK(answer.rcode == 0);
    CHECK(cookie_of(answer) != cookie);  // It has the newer secret.
    CHECK(one.h.ask(with_cookie(cookie_of(answer))).rcode == badcookie);
}

TEST_CASE("plugin/ratelimit: cookie_secret_file: is read again when it changes, and kept when it "
          "is bad") {
    std::string name = (std::filesystem::temp_directory_path() / "ratelimit-XXXXXX").string();
    const std::filesystem::path folder = ::mkdtemp(name.data());
    const std::string path = (folder / "secrets").string();
    const auto write = [&](const std::string& text) { std::ofstream{path} << text; };
    write(secret + "\n");
    {
        Limited limit{{{"cookie_secret_file", path}, {"require_cookie", true}}};
        const auto cookie = cookie_of(limit.h.ask(with_cookie(client_cookie())));
        write("00112233445566778899aabbccddeeff\n" + secret + "\n");
        REQUIRE(limit.h.change_file(path));
        limit.h.run_ready();
        const auto rolled = limit.h.ask(with_cookie(cookie));
        CHECK(rolled.rcode == 0);
        CHECK(cookie_of(rolled) != cookie);

        write("nonsense\n");
        limit.h.change_file(path);
        limit.h.run_ready();
        CHECK(limit.h.ask(with_cookie(cookie)).rcode == 0);
        CHECK(limit.h.logged("secrets stay as they are"));
        CHECK(limit.h.metric("dnsloom_ratelimit_reloads_total", {{"result", "success"}}) == 1);
        CHECK(limit.h.metric("dnsloom_ratelimit_reloads_total", {{"result", "failure"}}) == 1);
    }
    CHECK(refusal({{"cookie_secret_file", path}}).find(":1: a cookie secret") != std::string::npos);
    std::filesystem::remove_all(folder);
}

TEST_CASE("plugin/ratelimit: replaced instance: goes on with the secret that was made up") {
    Limited before{{}};
    const auto cookie = cookie_of(before.h.ask(with_cookie(client_cookie())));
    Limited after{
        {{"require_cookie", true}}, Setup{.state = before.h.export_state(LOOM_STATE_WARM)}};
    Limited stranger{{{"require_cookie", true}}};

    CHECK(after.h.ask(with_cookie(cookie)).rcode == 0);
    CHECK(stranger.h.ask(with_cookie(cookie)).rcode == badcookie);
}

TEST_CASE("plugin/ratelimit: options: mistakes are refused with what to change") {
    const auto says = [](Table settings, std::string_view text) {
        const auto error = refusal(std::move(settings));
        INFO(error);
        CHECK(error.find(text) != std::string::npos);
    };
    says({{"responses_per_second", -1}}, "responses_per_second");
    says({{"requests_per_second", 2'000'000}}, "requests_per_second");
    says({{"slip_ratio", 11}}, "slip_ratio");
    says({{"window", "2h"}}, "window");
    says({{"ipv4_prefix_length", 33}}, "ipv4_prefix_length");
    says({{"ipv6_prefix_length", 0}}, "ipv6_prefix_length");
    says({{"max_table_size", 10}}, "max_table_size");
    says({{"exempt", "10.0.0.1/8"}}, "write 10.0.0.0/8");
    says({{"cookie_secret", "x"}}, "32 hexadecimal digits");
    says({{"cookie_secret", secret}, {"cookie_secret_file", "x"}}, "leave one out");
    says({{"cookies", false}, {"cookie_secret", secret}}, "no use without cookies");
    says({{"cookies", false}, {"require_cookie", true}}, "no use without cookies");
    says({{"cookie_secret_file", "/nonexistent/x"}}, "make it readable");
}
