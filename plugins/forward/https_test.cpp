// SPDX-License-Identifier: Apache-2.0
// DNS over HTTPS.
#include "http_upstream.hpp"

using namespace loom::forward::test;
using namespace std::chrono_literals;

namespace {

std::string url(const ScriptedUpstream& upstream, std::string_view path = "/dns-query") {
    return "https://" + upstream.endpoint() + std::string{path};
}

struct Bench {
    Bench() { server.agree_to_http(); }

    Table settings(Table more = {}) {
        Table all{
            {"to", List{url(upstream), url(second)}},
            {"tls_ca", folder.write("ca.pem", authority.pem())},
            {"policy", "sequential"}};
        for (const auto& setting : more) {
            std::erase_if(all, [&](const auto& old) { return old.key == setting.key; });
            all.push_back(setting);
        }
        return all;
    }
    HttpPeer accept(Harness& h) {
        return HttpPeer{loom::forward::test::accept(h, upstream, server)};
    }
    HttpPeer accept_second(Harness& h) {
        return HttpPeer{loom::forward::test::accept(h, second, server)};
    }

    TestFolder folder;
    TestAuthority authority;
    TlsServer server{authority.issue()};
    ScriptedUpstream upstream;
    ScriptedUpstream second;
};

/// The extended error after both attempts came to `respond`.
std::string why_not(const std::function<void(HttpPeer&, const HttpRequest&)>& respond) {
    Bench bench;
    Harness h{loom_module_0, bench.settings({{"to", url(bench.upstream)}})};
    auto flight = h.send("example.org. A");
    auto peer = bench.accept(h);
    for (int attempt = 0; attempt < 2; ++attempt) respond(peer, receive(h, peer));
    const auto answer = answer_of(h, *flight);
    CHECK(answer.rcode == 2);
    REQUIRE(answer.extended_error().has_value());
    CHECK(answer.extended_error()->code == 23);
    return answer.extended_error()->text.substr(url(bench.upstream).size() + 2);
}

}  // namespace

TEST_CASE("forward/https: a query: a POST over HTTP/2, with id 0") {
    Bench bench;
    Harness h{loom_module_0, bench.settings({{"to", url(bench.upstream, "/ask?me")}})};
    auto flight = h.send("example.org. A");
    auto peer = bench.accept(h);
    const auto request = receive(h, peer);
    auto fields = request.fields;
    CHECK(fields[":method"] == "POST");
    CHECK(fields[":scheme"] == "https");
    CHECK(fields[":authority"] == bench.upstream.endpoint());
    CHECK(fields[":path"] == "/ask?me");
    CHECK(fields["content-type"] == "application/dns-message");
    CHECK(fields["accept"] == "application/dns-message");
    CHECK(fields["content-length"] == std::to_string(request.body.size()));
    CHECK(u16_at(request.body, 0) == 0);

    peer.respond(request, Reply{request.body}.a("192.0.2.1"));
    CHECK(answer_of(h, *flight).answer.at(0) == "example.org. 60 IN A 192.0.2.1");
    CHECK(is_quiet(h, bench.upstream));
}

TEST_CASE("forward/https: a server name: is the authority, too") {
    Bench bench;
    Harness h{loom_module_0, bench.settings({{"to", url(bench.upstream) + "#dns.example"}})};
    auto flight = h.send("example.org. A");
    auto peer = bench.accept(h);
    auto request = receive(h, peer);
    CHECK(peer.tls().wanted_name() == "dns.example");
    CHECK(request.fields[":authority"] == "dns.example:" + std::to_string(bench.upstream.port()));
}

TEST_CASE("forward/https: several queries: streams of one connection, answers in any order") {
    Bench bench;
    Harness h{loom_module_0, bench.settings()};
    auto one = h.send("one.example. A");
    auto two = h.send("two.example. A");
    auto peer = bench.accept(h);
    const auto first = receive(h, peer);
    const auto second = receive(h, peer);
    peer.respond(second, Reply{second.body}.a("192.0.2.2"), "200", "Application/DNS-message; x=y");
    CHECK(answer_of(h, *two).answer.at(0) == "two.example. 60 IN A 192.0.2.2");
    peer.respond(first, Reply{first.body}.a("192.0.2.1"));
    CHECK(answer_of(h, *one).answer.at(0) == "one.example. 60 IN A 192.0.2.1");
    CHECK_FALSE(bench.upstream.accept());
}

TEST_CASE("forward/https: many large replies: flow control opens again") {
    Bench bench;
    Harness h{loom_module_0, bench.settings()};
    auto first = h.send("first.example. A");
    auto peer = bench.accept(h);
    const auto answer = [&](const Flight& flight) {
        const auto request = receive(h, peer);
        auto reply = Reply{request.body};
        for (int i = 0; i < 4000; ++i) reply.a("192.0.2.1");
        peer.respond(request, reply);
        // The rest goes out when the window opens.
        h.run_until([&] {
            peer.take();
            return !h.result(flight).pending;
        });
        CHECK(h.result(flight).answer.size() == 4000);
    };
    answer(*first);
    for (int i = 0; i < 3; ++i) answer(*h.send("more.example. A"));
}

TEST_CASE("forward/https: what is no answer: SERVFAIL says why") {
    CHECK(why_not([](auto& peer, const auto& request) {
              peer.respond(request, {'n', 'o'}, "503", "text/plain");
          }) == "HTTP status 503");
    CHECK(why_not([](auto& peer, const auto& request) {
              peer.respond(request, Reply{request.body}.a("192.0.2.1"), "200", "text/html");
          }) == "its HTTP answer is no DNS message");
    CHECK(why_not([](auto& peer, const auto& request) {
              peer.respond(request, {0, 0, 1});
          }) == "malformed reply");
    CHECK(why_not([](auto& peer, const auto& request) {
              peer.respond(request, Reply{request.body}.id(7).a("192.0.2.1"));
          }) == "malformed reply");
    CHECK(why_not([](auto& peer, const auto& request) {
              peer.refuse(request, NGHTTP2_INTERNAL_ERROR);
          }) == "malformed HTTP/2");
}

TEST_CASE("forward/https: an answer larger than any message: the stream ends, the next upstream") {
    Bench bench;
    Harness h{loom_module_0, bench.settings()};
    auto flight = h.send("example.org. A");
    auto peer = bench.accept(h);
    const auto request = receive(h, peer);
    peer.respond(request, Message(200'000));
    std::optional<TcpPeer> other;
    CHECK(h.run_until([&] {
        peer.take();
        return (other = bench.second.accept()).has_value();
    }));
    CHECK(h.result(*flight).pending);
    peer.take();
    CHECK(peer.unsent(request) > 0);
}

TEST_CASE("forward/https: an upstream that refuses: the next one, and a failure") {
    Bench bench;
    Harness h{loom_module_0, bench.settings({{"max_fails", 1}})};
    auto flight = h.send("example.org. A");
    auto peer = bench.accept(h);
    peer.respond(receive(h, peer), {}, "429", "text/plain");
    auto other = bench.accept_second(h);
    const auto request = receive(h, other);
    other.respond(request, Reply{request.body}.a("192.0.2.2"));
    CHECK(answer_of(h, *flight).answer.at(0) == "example.org. 60 IN A 192.0.2.2");
    CHECK(h.metric("dnsloom_forward_upstream_up", {{"to", url(bench.upstream)}}) == 0);
}

TEST_CASE("forward/https: GOAWAY: queries that it leaves out go to a new connection") {
    Bench bench;
    Harness h{loom_module_0, bench.settings({{"max_fails", 1}})};
    auto zero = h.send("zero.example. A");
    auto peer = bench.accept(h);
    const auto before = receive(h, peer);
    peer.respond(before, Reply{before.body}.a("192.0.2.1"));
    answer_of(h, *zero);
    auto one = h.send("one.example. A");
    auto two = h.send("two.example. A");
    const auto first = receive(h, peer);
    receive(h, peer);
    peer.go_away(first);

    auto next = bench.accept(h);
    const auto again = receive(h, next);
    next.respond(again, Reply{again.body}.a("192.0.2.2"));
    CHECK(answer_of(h, *two).answer.size() == 1);
    peer.respond(first, Reply{first.body}.a("192.0.2.1"));
    CHECK(answer_of(h, *one).answer.size() == 1);
    CHECK(h.metric("dnsloom_forward_upstream_up", {{"to", url(bench.upstream)}}) == 1);
}

TEST_CASE("forward/https: a server without HTTP/2: the upstream fails") {
    Bench bench;
    TlsServer old{bench.authority.issue()};
    Harness h{loom_module_0, bench.settings()};
    auto flight = h.send("example.org. A");
    auto peer = loom::forward::test::accept(h, bench.upstream, old);
    std::optional<TcpPeer> other;
    CHECK(h.run_until([&] {
        peer.shake_hands();
        return (other = bench.second.accept()).has_value();
    }));
    CHECK(h.result(*flight).pending);
}

TEST_CASE("forward/https: octets that are no HTTP/2: the upstream fails") {
    Bench bench;
    Harness h{loom_module_0, bench.settings()};
    auto flight = h.send("example.org. A");
    auto peer = loom::forward::test::accept(h, bench.upstream, bench.server);
    shake_hands(h, peer);
    peer.send_raw(Message(64, 0xFF));
    std::optional<TcpPeer> other;
    CHECK(h.run_until([&] { return (other = bench.second.accept()).has_value(); }));
    CHECK(h.result(*flight).pending);
}
