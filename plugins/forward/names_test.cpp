// SPDX-License-Identifier: Apache-2.0
// Upstreams by name and by resolv.conf.
#include "resolv_conf.hpp"
#include "tls_upstream.hpp"
#include "upstream_url.hpp"

#include <arpa/inet.h>

#include <algorithm>

using namespace loom::forward::test;
using namespace std::chrono_literals;

namespace {

/// Answers the A lookup with `addresses`, and AAAA with nothing.
void answer_lookup(
    Harness& h,
    ScriptedUpstream& bootstrap,
    const std::vector<std::string>& addresses,
    std::uint32_t ttl = 60) {
    for (int i = 0; i < 2; ++i) {
        const auto query = receive(h, bootstrap);
        auto reply = Reply{query.message};
        const auto question = question_of(query.message);
        const bool is_a = question.at(question.size() - 3) == 1;
        if (is_a)
            for (const auto& address : addresses) reply.a(address, ttl);
        bootstrap.send(query, reply);
        h.run_ready();
    }
    h.run_ready(10ms);
}

Table by_name(
    const ScriptedUpstream& upstream, const ScriptedUpstream& bootstrap, Table more = {}) {
    Table all{
        {"to", "dns.example:" + std::to_string(upstream.port())},
        {"bootstrap", bootstrap.endpoint()},
        {"policy", "sequential"}};
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

void exchange(Harness& h, ScriptedUpstream& upstream, std::string_view address = "192.0.2.1") {
    auto flight = h.send("example.org. A");
    const auto query = receive(h, upstream);
    upstream.send(query, Reply{query.message}.a(address));
    CHECK(answer_of(h, *flight).answer.size() == 1);
}

double is_up(const Harness& h, const ScriptedUpstream& upstream, int number) {
    const auto to =
        "dns.example:" + std::to_string(upstream.port()) + " #" + std::to_string(number);
    return h.metric("dnsloom_forward_upstream_up", {{"to", to}});
}

std::string line(const ScriptedUpstream& upstream) {
    return "nameserver [127.0.0.1]:" + std::to_string(upstream.port()) + "\n";
}

}  // namespace

TEST_CASE("forward/names: a name in `to`: is looked up at the start, and asked") {
    ScriptedUpstream bootstrap;
    ScriptedUpstream upstream;
    Harness h{loom_module_0, by_name(upstream, bootstrap)};
    answer_lookup(h, bootstrap, {"127.0.0.1"});
    CHECK(is_up(h, upstream, 1) == 1);
    CHECK(is_up(h, upstream, 2) == 0);
    exchange(h, upstream);
    CHECK(h.logged("upstream has new addresses"));
}

TEST_CASE("forward/names: a query before there is an address: waits for it") {
    ScriptedUpstream bootstrap;
    ScriptedUpstream upstream;
    Harness h{loom_module_0, by_name(upstream, bootstrap)};
    auto flight = h.send("example.org. A");
    h.run_ready();
    answer_lookup(h, bootstrap, {"127.0.0.1"});
    CHECK(h.result(*flight).pending);
    h.advance(100ms);
    const auto query = receive(h, upstream);
    upstream.send(query, Reply{query.message}.a("192.0.2.1"));
    CHECK(answer_of(h, *flight).answer.size() == 1);
}

TEST_CASE("forward/names: no address in time: SERVFAIL says so") {
    ScriptedUpstream bootstrap;
    ScriptedUpstream upstream;
    Harness h{loom_module_0, by_name(upstream, bootstrap)};
    auto flight = h.send("example.org. A");
    h.advance(30s);
    const auto answer = answer_of(h, *flight);
    CHECK(answer.rcode == 2);
    REQUIRE(answer.extended_error().has_value());
    CHECK(answer.extended_error()->text.ends_with("its name has no address"));
    CHECK(h.logged("no bootstrap server has an address of an upstream's name"));
}

TEST_CASE("forward/names: several addresses of a name: are several upstreams") {
    ScriptedUpstream bootstrap;
    ScriptedUpstream upstream;
    Harness h{loom_module_0, by_name(upstream, bootstrap, {{"max_fails", 1}})};
    // Nobody listens at the first.
    answer_lookup(h, bootstrap, {"127.0.0.77", "127.0.0.1"});
    CHECK(is_up(h, upstream, 2) == 1);
    exchange(h, upstream);
    CHECK(is_up(h, upstream, 1) == 0);
    CHECK(is_up(h, upstream, 2) == 1);
}

TEST_CASE("forward/names: the TTL passes: looked up again, and what stays keeps its place") {
    ScriptedUpstream bootstrap;
    ScriptedUpstream upstream;
    Harness h{loom_module_0, by_name(upstream, bootstrap)};
    answer_lookup(h, bootstrap, {"127.0.0.1", "127.0.0.78"}, 60);
    h.advance(59s);
    CHECK(is_quiet(h, bootstrap));
    h.advance(2s);
    answer_lookup(h, bootstrap, {"127.0.0.79", "127.0.0.1"}, 0);
    exchange(h, upstream);
    CHECK(is_up(h, upstream, 1) == 1);
    // A TTL of 0 makes no flood.
    h.advance(4s);
    CHECK(is_quiet(h, bootstrap));
    h.advance(2s);
    receive(h, bootstrap);
}

TEST_CASE("forward/names: lookups that fail later: the last good addresses stay") {
    ScriptedUpstream bootstrap;
    ScriptedUpstream upstream;
    Harness h{loom_module_0, by_name(upstream, bootstrap)};
    answer_lookup(h, bootstrap, {"127.0.0.1"}, 60);
    h.advance(61s);
    answer_lookup(h, bootstrap, {});
    exchange(h, upstream);
    CHECK(h.logged("no bootstrap server has an address of an upstream's name"));
    h.advance(1s);
    answer_lookup(h, bootstrap, {"127.0.0.1"}, 60);
    CHECK(h.logged("upstream's name has addresses again"));
}

TEST_CASE("forward/names: a bootstrap server that is silent: the next one") {
    ScriptedUpstream silent;
    ScriptedUpstream bootstrap;
    ScriptedUpstream upstream;
    auto settings = by_name(upstream, bootstrap);
    std::erase_if(settings, [](const auto& setting) { return setting.key == "bootstrap"; });
    settings.push_back({"bootstrap", List{silent.endpoint(), bootstrap.endpoint()}});
    Harness h{loom_module_0, settings};
    receive(h, silent);
    h.advance(2100ms);
    answer_lookup(h, bootstrap, {"127.0.0.1"});
    exchange(h, upstream);
}

TEST_CASE("forward/names: replies with another id or question: ignored, the true ones count") {
    ScriptedUpstream bootstrap;
    ScriptedUpstream upstream;
    Harness h{loom_module_0, by_name(upstream, bootstrap)};
    const Datagram queries[] = {receive(h, bootstrap), receive(h, bootstrap)};
    for (const auto& query : queries) {
        const auto id = u16_at(query.message, 0);
        const auto other_id = static_cast<std::uint16_t>(id ^ 0x5A5AU);
        bootstrap.send(query, Reply{query.message}.id(other_id).a("127.0.0.66"));
        bootstrap.send(query, Reply{make_query("other.example", 1, id)}.a("127.0.0.66"));
        bootstrap.send(query, Message(5));
    }
    h.run_ready();
    bootstrap.send(queries[0], Reply{queries[0].message}.a("127.0.0.1"));
    bootstrap.send(queries[1], Reply{queries[1].message});
    h.run_until([&] { return is_up(h, upstream, 1) == 1; });
    CHECK(is_up(h, upstream, 2) == 0);
    exchange(h, upstream);
}

TEST_CASE("forward/names: a query under way when the addresses change: is answered") {
    ScriptedUpstream bootstrap;
    ScriptedUpstream upstream;
    Harness h{loom_module_0, by_name(upstream, bootstrap, {{"read_timeout", "30s"}})};
    answer_lookup(h, bootstrap, {"127.0.0.1"}, 5);
    auto warm = h.send("warm.example. A");
    auto query = receive(h, upstream);
    h.advance(50ms);
    upstream.send(query, Reply{query.message}.a("192.0.2.1"));
    answer_of(h, *warm);

    h.advance(4900ms);
    auto flight = h.send("example.org. A");
    query = receive(h, upstream);
    h.advance(60ms);
    answer_lookup(h, bootstrap, {"127.0.0.80"}, 60);
    auto other = h.send("other.example. A");
    h.run_ready();
    upstream.send(query, Reply{query.message}.a("192.0.2.1"));
    CHECK(answer_of(h, *flight).answer.size() == 1);
}

TEST_CASE("forward/names: a name over TLS: the certificate has to name it, or tls_servername") {
    for (const bool other_name : {false, true}) {
        ScriptedUpstream bootstrap;
        ScriptedUpstream upstream;
        const TestFolder folder;
        const TestAuthority authority;
        const std::string name = other_name ? "other.example" : "dns.example";
        TlsServer server{authority.issue({.alt_names = "DNS:" + name})};
        Table settings{
            {"to", "tls://dns.example:" + std::to_string(upstream.port())},
            {"bootstrap", bootstrap.endpoint()},
            {"tls_ca", folder.write("ca.pem", authority.pem())}};
        if (other_name) settings.push_back({"tls_servername", name});
        Harness h{loom_module_0, settings};
        answer_lookup(h, bootstrap, {"127.0.0.1"});
        auto flight = h.send("example.org. A");
        auto peer = accept(h, upstream, server);
        peer.send(Reply{receive(h, peer)}.a("192.0.2.1"));
        CHECK(answer_of(h, *flight).answer.size() == 1);
        CHECK(peer.wanted_name() == name);
    }
}

TEST_CASE("forward/names: a name without bootstrap, or too many names: refused") {
    const auto text = Harness::refusal(loom_module_0, {{"to", "dns.example"}});
    CHECK(text.find("give `bootstrap`") != std::string::npos);
    List many;
    for (int i = 0; i < 8; ++i) many.emplace_back("dns" + std::to_string(i) + ".example");
    const auto other = Harness::refusal(loom_module_0, {{"to", many}, {"bootstrap", "192.0.2.1"}});
    CHECK(other.find("too many upstreams") != std::string::npos);
    const auto twice = Harness::refusal(
        loom_module_0, {{"to", List{"dns.example", "DNS.example."}}, {"bootstrap", "192.0.2.1"}});
    CHECK(twice.find("twice") != std::string::npos);
    const auto idle =
        Harness::refusal(loom_module_0, {{"to", "192.0.2.1"}, {"bootstrap", "192.0.2.1"}});
    CHECK(idle.find("of no use") != std::string::npos);
}

TEST_CASE("forward/resolv_conf: its servers are asked, and new ones when it changes") {
    ScriptedUpstream first;
    ScriptedUpstream second;
    const TestFolder folder;
    const auto path = folder.write("resolv.conf", "search example\n" + line(first));
    Harness h{loom_module_0, {{"to", path}, {"policy", "sequential"}}};
    CHECK(h.watched_files() == std::vector<std::string>{path});
    auto flight = h.send("slow.example. A");
    const auto slow = receive(h, first);

    folder.write("resolv.conf", line(second));
    h.change_file(path);
    exchange(h, second);
    first.send(slow, Reply{slow.message}.a("192.0.2.9"));
    CHECK(answer_of(h, *flight).answer.at(0) == "slow.example. 60 IN A 192.0.2.9");

    folder.write("resolv.conf", "nothing\n");
    h.change_file(path);
    CHECK(h.logged("upstreams cannot be read, the former stay in use"));
    exchange(h, second);
}

TEST_CASE("forward/resolv_conf: a file that is missing or names nobody: refused") {
    const TestFolder folder;
    const auto refusal = [](const std::string& path) {
        return Harness::refusal(loom_module_0, {{"to", path}});
    };
    CHECK(refusal(folder.path("none")).find("No such file") != std::string::npos);
    CHECK(refusal(folder.write("empty", "# nobody\n")).find("nameserver") != std::string::npos);
    const auto bad = refusal(folder.write("bad", "\nnameserver one\n"));
    CHECK(bad.find("line 2: `one`") != std::string::npos);
}

TEST_CASE("forward/resolv_conf: parse: the first three addresses, each once, of any form") {
    const auto found = loom::forward::parse_resolv_conf(
        "; comment\nnameserver 192.0.2.1\r\nnameserver\t2001:db8::1 # first\nnameserver 192.0.2.1\n"
        "options ndots:5\nnameserver fe80::1%1\nnameserver 192.0.2.4");
    REQUIRE(found.has_value());
    REQUIRE(found->size() == 3);
    CHECK(found->at(0).port == 53);
    CHECK(found->at(1).family == 6);
    CHECK(found->at(2).scope == 1);
}

TEST_CASE("forward/upstream_url: what it takes, and how it is written") {
    const std::pair<const char*, const char*> good[] = {
        {"192.0.2.1", "192.0.2.1:53"},
        {"dns://192.0.2.1:54", "192.0.2.1:54"},
        {"2001:db8::1", "[2001:db8::1]:53"},
        {"tls://[2001:db8::1]", "tls://[2001:db8::1]:853"},
        {"tls://192.0.2.1#dns.example", "tls://192.0.2.1:853"},
        {"https://192.0.2.1", "https://192.0.2.1/dns-query"},
        {"https://DNS.example.:8443/q?x#other.example", "https://dns.example:8443/q?x"},
        {"dns.example", "dns.example:53"}};
    for (const auto& [text, written] : good) {
        CAPTURE(text);
        const auto endpoint = loom::forward::parse_upstream(text);
        REQUIRE(endpoint.has_value());
        CHECK(endpoint->text == written);
    }
    for (const std::string text :
         {"",
          "192.0.2",
          "192.0.2.1:0",
          "192.0.2.1:65536",
          "192.0.2.1:",
          "[192.0.2.1]",
          "[::1",
          "::1]:53",
          "quic://192.0.2.1",
          "192.0.2.1/dns-query",
          "tls://192.0.2.1/x",
          "192.0.2.1#dns.example",
          "tls://192.0.2.1#",
          "tls://192.0.2.1#a b",
          "https://192.0.2.1/a b",
          "-.",
          "a..b",
          "::1%nowhere"}) {
        CAPTURE(text);
        CHECK_FALSE(loom::forward::parse_upstream(text).has_value());
    }
}
