// SPDX-License-Identifier: Apache-2.0
// DNS over TLS, with peers that are right and wrong.
#include "tls_upstream.hpp"

#include <algorithm>

using namespace loom::forward::test;
using namespace std::chrono_literals;

namespace {

std::string url(const ScriptedUpstream& upstream, std::string_view server_name = {}) {
    auto text = "tls://" + upstream.endpoint();
    if (!server_name.empty()) text += "#" + std::string{server_name};
    return text;
}

/// An authority, a server with its certificate, and where it listens.
struct Bench {
    explicit Bench(const Subject& subject = {}) : server{authority.issue(subject)} {}

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

    TestFolder folder;
    TestAuthority authority;
    TlsServer server;
    ScriptedUpstream upstream;
    ScriptedUpstream second;
};

double handshakes(const Harness& h, const ScriptedUpstream& upstream, const std::string& result) {
    return h.metric(
        "dnsloom_forward_tls_handshakes_total", {{"to", url(upstream)}, {"result", result}});
}

/// Asks and answers once.
void exchange(Harness& h, TlsServerPeer& peer, std::string_view name = "example.org. A") {
    auto flight = h.send(std::string{name});
    peer.send(Reply{receive(h, peer)}.a("192.0.2.1"));
    CHECK(answer_of(h, *flight).answer.size() == 1);
}

/// Lets the server fail or refuse, whatever way it does.
void let_fail(Harness& h, TlsServerPeer& peer, const std::function<bool()>& done) {
    h.run_ready();
    h.run_until([&] {
        peer.shake_hands();
        return done();
    });
}

/// The extended error of a query that no certificate of `bench` answers.
std::string why_not(Bench& bench, Table settings = {}) {
    settings.push_back({"to", url(bench.upstream)});
    Harness h{loom_module_0, bench.settings(settings)};
    auto flight = h.send("example.org. A");
    for (int attempt = 0; attempt < 2; ++attempt) {
        auto peer = accept(h, bench.upstream, bench.server);
        let_fail(h, peer, [&] {
            return handshakes(h, bench.upstream, "certificate") +
                       handshakes(h, bench.upstream, "failed") >
                   attempt;
        });
    }
    const auto answer = answer_of(h, *flight);
    CHECK(answer.rcode == 2);
    const auto error = answer.extended_error();
    REQUIRE(error.has_value());
    CHECK(error->code == 23);
    CHECK(h.logged("no TLS with upstream"));
    CHECK(std::ranges::count_if(h.log(), [](const auto& line) {
              return line.message == "no TLS with upstream";
          }) == 1);
    return error->text;
}

}  // namespace

TEST_CASE("forward/tls: a query: over TLS 1.3 to the upstream, and nothing over UDP") {
    Bench bench;
    Harness h{loom_module_0, bench.settings()};
    auto flight = h.send("example.org. A");
    auto peer = accept(h, bench.upstream, bench.server);
    const auto query = receive(h, peer);
    peer.send(Reply{query}.a("192.0.2.1"));

    CHECK(answer_of(h, *flight).answer.at(0) == "example.org. 60 IN A 192.0.2.1");
    CHECK(query.size() == 128);
    CHECK(peer.wanted_name().empty());
    CHECK(handshakes(h, bench.upstream, "full") == 1);
    CHECK(is_quiet(h, bench.upstream));
    CHECK(h.metric("dnsloom_forward_requests_total", {{"to", url(bench.upstream)}}) == 1);
}

TEST_CASE("forward/tls: several queries: share a connection, answers in any order") {
    Bench bench;
    Harness h{loom_module_0, bench.settings()};
    auto one = h.send("one.example. A");
    auto two = h.send("two.example. A");
    auto peer = accept(h, bench.upstream, bench.server);
    const auto first = receive(h, peer);
    const auto second = receive(h, peer);

    peer.send(Reply{second}.a("192.0.2.2"));
    CHECK(answer_of(h, *two).answer.at(0) == "two.example. 60 IN A 192.0.2.2");
    peer.send(Reply{first}.a("192.0.2.1"));
    CHECK(answer_of(h, *one).answer.at(0) == "one.example. 60 IN A 192.0.2.1");
    exchange(h, peer, "three.example. A");
    CHECK_FALSE(bench.upstream.accept());
}

TEST_CASE("forward/tls: a large reply that drips in: is put together") {
    Bench bench;
    Harness h{loom_module_0, bench.settings()};
    auto flight = h.send("example.org. A");
    auto peer = accept(h, bench.upstream, bench.server);
    auto reply = Reply{receive(h, peer)};
    for (int i = 0; i < 3000; ++i) reply.a("192.0.2.1");
    const auto framed = TcpPeer::frame(reply);

    for (std::size_t at = 0; at < framed.size(); at += 7001) {
        CHECK(h.result(*flight).pending);
        const auto end = std::min(at + 7001, framed.size());
        peer.send_raw(
            {framed.begin() + static_cast<std::ptrdiff_t>(at),
             framed.begin() + static_cast<std::ptrdiff_t>(end)});
        h.run_ready();
    }

    CHECK(answer_of(h, *flight).answer.size() == 3000);
}

TEST_CASE("forward/tls: the next connection: resumes the session") {
    for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
        CAPTURE(version);
        Bench bench;
        bench.server.speak(version, version);
        Harness h{loom_module_0, bench.settings({{"expire", "3s"}})};
        for (int connection = 0; connection < 4; ++connection) {
            auto flight = h.send("example.org. A");
            auto peer = accept(h, bench.upstream, bench.server);
            peer.send(Reply{receive(h, peer)}.a("192.0.2.1"));
            CHECK(answer_of(h, *flight).answer.size() == 1);
            CHECK(peer.is_resumed() == (connection > 0));
            h.advance(4s);
        }
        CHECK(handshakes(h, bench.upstream, "full") == 1);
        CHECK(handshakes(h, bench.upstream, "resumed") == 3);
    }
}

TEST_CASE("forward/tls: a connection that is idle or too old: another takes its place") {
    for (const bool is_old : {false, true}) {
        Bench bench;
        Harness h{
            loom_module_0,
            bench.settings({{"expire", is_old ? "1h" : "2s"}, {"max_age", is_old ? "2s" : "0"}})};
        auto flight = h.send("example.org. A");
        auto peer = accept(h, bench.upstream, bench.server);
        peer.send(Reply{receive(h, peer)}.a("192.0.2.1"));
        answer_of(h, *flight);
        h.advance(1500ms);
        exchange(h, peer, "again.example. A");
        h.advance(1s);
        if (!is_old) exchange(h, peer, "more.example. A");
        h.advance(2500ms);
        h.run_ready();
        CHECK(h.watched_descriptor_count() == 0);

        auto next = h.send("next.example. A");
        auto other = accept(h, bench.upstream, bench.server);
        other.send(Reply{receive(h, other)}.a("192.0.2.1"));
        CHECK(answer_of(h, *next).answer.size() == 1);
    }
}

TEST_CASE("forward/tls: max_age with a query under way: waits for its reply") {
    Bench bench;
    Harness h{loom_module_0, bench.settings({{"max_age", "1s"}})};
    auto flight = h.send("example.org. A");
    auto peer = accept(h, bench.upstream, bench.server);
    const auto query = receive(h, peer);
    h.advance(1100ms);
    h.run_ready();
    peer.send(Reply{query}.a("192.0.2.1"));
    CHECK(answer_of(h, *flight).answer.size() == 1);
    h.advance(1ms);
    h.run_ready();
    CHECK(h.watched_descriptor_count() == 0);
}

TEST_CASE("forward/tls: a certificate that is not right: SERVFAIL says why") {
    SUBCASE("expired") {
        Bench bench{Subject{.not_after = 1'760'000'000}};
        CHECK(
            why_not(bench) ==
            url(bench.upstream) + ": its certificate is not valid: certificate has expired");
    }
    SUBCASE("not valid yet") {
        Bench bench{Subject{.not_before = 1'900'000'000}};
        CHECK(why_not(bench).ends_with("certificate is not yet valid"));
    }
    SUBCASE("another address") {
        Bench bench{Subject{.alt_names = "IP:127.0.0.2,DNS:dns.example"}};
        CHECK(why_not(bench).ends_with("IP address mismatch"));
    }
    SUBCASE("another name") {
        Bench bench{Subject{.alt_names = "IP:127.0.0.1,DNS:other.example"}};
        CHECK(why_not(bench, {{"tls_servername", "dns.example"}}).ends_with("hostname mismatch"));
    }
    SUBCASE("of an authority that is not trusted") {
        Bench bench;
        const auto ca = bench.folder.write("other.pem", TestAuthority{"Other CA"}.pem());
        CHECK(why_not(bench, {{"tls_ca", ca}}).ends_with("unable to get local issuer certificate"));
    }
    SUBCASE("TLS 1.1") {
        Bench bench;
        bench.server.speak(TLS1_VERSION, TLS1_1_VERSION);
        const auto why = why_not(bench);
        CAPTURE(why);
        CHECK(why.find(": TLS: ") != std::string::npos);
        CHECK(why.find("version") != std::string::npos);
    }
    SUBCASE("a client without one") {
        Bench bench;
        bench.server.speak(TLS1_2_VERSION, TLS1_2_VERSION);
        bench.server.require_client_certificate(bench.authority);
        CHECK(why_not(bench).find(": TLS: ") != std::string::npos);
    }
}

TEST_CASE("forward/tls: a certificate that expires while the server runs: refused from then on") {
    Bench bench;
    Harness h{loom_module_0, bench.settings({{"to", url(bench.upstream)}, {"expire", "1s"}})};
    auto flight = h.send("example.org. A");
    auto peer = accept(h, bench.upstream, bench.server);
    peer.send(Reply{receive(h, peer)}.a("192.0.2.1"));
    CHECK(answer_of(h, *flight).answer.size() == 1);
    h.advance(2s);
    h.set_realtime(2'100'000'000s);

    auto late = h.send("late.example. A");
    // Another server, which knows no sessions.
    TlsServer other{bench.authority.issue()};
    auto next = accept(h, bench.upstream, other);
    let_fail(h, next, [&] { return handshakes(h, bench.upstream, "certificate") == 1; });
    CHECK(handshakes(h, bench.upstream, "certificate") == 1);
}

TEST_CASE("forward/tls: a certificate that is not right: the next upstream is asked") {
    Bench bench{Subject{.not_after = 1'760'000'000}};
    TlsServer good{bench.authority.issue()};
    Harness h{loom_module_0, bench.settings({{"max_fails", 1}})};
    auto flight = h.send("example.org. A");
    auto peer = accept(h, bench.upstream, bench.server);
    let_fail(h, peer, [&] { return handshakes(h, bench.upstream, "certificate") == 1; });

    auto other = accept(h, bench.second, good);
    other.send(Reply{receive(h, other)}.a("192.0.2.2"));
    CHECK(answer_of(h, *flight).answer.at(0) == "example.org. 60 IN A 192.0.2.2");
    CHECK(h.metric("dnsloom_forward_upstream_up", {{"to", url(bench.upstream)}}) == 0);
}

TEST_CASE("forward/tls: a server name: asked for, and checked, in place of the address") {
    for (const bool in_url : {true, false}) {
        Bench bench{Subject{.alt_names = "DNS:dns.example"}};
        Table settings{{"to", url(bench.upstream, in_url ? "dns.example" : "")}};
        settings.push_back({"tls_servername", in_url ? "other.example" : "dns.example"});
        Harness h{loom_module_0, bench.settings(settings)};
        auto flight = h.send("example.org. A");
        auto peer = accept(h, bench.upstream, bench.server);
        peer.send(Reply{receive(h, peer)}.a("192.0.2.1"));

        CHECK(answer_of(h, *flight).answer.size() == 1);
        CHECK(peer.wanted_name() == "dns.example");
    }
}

TEST_CASE("forward/tls: tls_cert: shown to a server that wants it") {
    Bench bench;
    bench.server.require_client_certificate(bench.authority);
    const auto client = bench.authority.issue();
    Harness h{
        loom_module_0,
        bench.settings(
            {{"tls_cert", bench.folder.write("cert.pem", pem_of(*client.certificate))},
             {"tls_key", bench.folder.write("key.pem", pem_of(*client.key))}})};
    auto flight = h.send("example.org. A");
    auto peer = accept(h, bench.upstream, bench.server);
    peer.send(Reply{receive(h, peer)}.a("192.0.2.1"));

    CHECK(answer_of(h, *flight).answer.size() == 1);
    CHECK(peer.has_client_certificate());
}

TEST_CASE("forward/tls: a handshake that stalls: the next upstream after read_timeout") {
    Bench bench;
    TlsServer good{bench.authority.issue()};
    Harness h{loom_module_0, bench.settings({{"read_timeout", "500ms"}})};
    auto flight = h.send("example.org. A");
    auto stalled = accept(h, bench.upstream);
    h.advance(600ms);

    auto other = accept(h, bench.second, good);
    other.send(Reply{receive(h, other)}.a("192.0.2.2"));
    CHECK(answer_of(h, *flight).answer.size() == 1);
    h.advance(1ms);
    h.run_ready();
    CHECK(h.watched_descriptor_count() == 1);
}

TEST_CASE(
    "forward/tls: a peer that leaves within the handshake: the next upstream, and it is said") {
    for (const bool with_reset : {false, true}) {
        Bench bench;
        Harness h{loom_module_0, bench.settings({{"to", url(bench.upstream)}})};
        auto flight = h.send("example.org. A");
        for (int attempt = 0; attempt < 2; ++attempt) {
            auto peer = accept(h, bench.upstream);
            h.run_ready();
            if (with_reset)
                peer.reset();
            else
                peer.close();
        }
        const auto answer = answer_of(h, *flight);
        REQUIRE(answer.extended_error().has_value());
        CHECK_FALSE(answer.extended_error()->text.empty());
        CHECK(answer.extended_error()->code == 23);
    }
}

TEST_CASE("forward/tls: octets that are no TLS: the upstream fails") {
    Bench bench;
    TlsServer good{bench.authority.issue()};
    Harness h{loom_module_0, bench.settings()};
    auto flight = h.send("example.org. A");
    auto peer = accept(h, bench.upstream);
    h.run_ready();
    peer.send_raw({'H', 'T', 'T', 'P', '/', '1', '.', '0', ' ', '4', '0', '0', '\r', '\n'});

    auto other = accept(h, bench.second, good);
    other.send(Reply{receive(h, other)}.a("192.0.2.2"));
    CHECK(answer_of(h, *flight).answer.size() == 1);
    CHECK(handshakes(h, bench.upstream, "failed") == 1);
}

TEST_CASE("forward/tls: a pooled connection that is closed under a query: a new one, no failure") {
    for (const bool with_reset : {false, true}) {
        Bench bench;
        Harness h{loom_module_0, bench.settings({{"max_fails", 1}})};
        auto one = h.send("one.example. A");
        auto peer = accept(h, bench.upstream, bench.server);
        peer.send(Reply{receive(h, peer)}.a("192.0.2.1"));
        answer_of(h, *one);
        auto two = h.send("two.example. A");
        receive(h, peer);
        if (with_reset)
            peer.reset();
        else
            peer.close();

        auto next = accept(h, bench.upstream, bench.server);
        next.send(Reply{receive(h, next)}.a("192.0.2.1"));
        CHECK(answer_of(h, *two).answer.size() == 1);
        CHECK(h.metric("dnsloom_forward_upstream_up", {{"to", url(bench.upstream)}}) == 1);
    }
}

TEST_CASE("forward/tls: a peer that leaves in the middle of a reply: the next upstream") {
    Bench bench;
    TlsServer good{bench.authority.issue()};
    Harness h{loom_module_0, bench.settings()};
    auto flight = h.send("example.org. A");
    auto peer = accept(h, bench.upstream, bench.server);
    auto framed = TcpPeer::frame(Reply{receive(h, peer)}.a("192.0.2.1"));
    framed.resize(framed.size() / 2);
    peer.send_raw(framed);
    h.run_ready();
    peer.close();

    auto other = accept(h, bench.second, good);
    other.send(Reply{receive(h, other)}.a("192.0.2.2"));
    CHECK(answer_of(h, *flight).answer.at(0) == "example.org. 60 IN A 192.0.2.2");
}

TEST_CASE("forward/tls: an upstream that is down: probed over TLS") {
    Bench bench;
    Harness h{
        loom_module_0,
        bench.settings(
            {{"to", url(bench.upstream)},
             {"max_fails", 1},
             {"read_timeout", "500ms"},
             {"health_check_domain", "probe.example"}})};
    auto flight = h.send("example.org. A");
    auto stalled = accept(h, bench.upstream);
    h.advance(600ms);
    auto probe = accept(h, bench.upstream, bench.server);
    Message query = receive(h, probe);
    if (question_of(query).at(1) != 'p') query = receive(h, probe);
    probe.send(Reply{query});

    CHECK(h.run_until([&] {
        return h.metric("dnsloom_forward_upstream_up", {{"to", url(bench.upstream)}}) == 1;
    }));
}

TEST_CASE(
    "forward/tls: tls_ca changes: new connections trust the new one; nonsense changes nothing") {
    Bench bench;
    const TestAuthority other{"Other CA"};
    TlsServer renewed{other.issue()};
    const auto ca = bench.folder.path("ca.pem");
    Harness h{loom_module_0, bench.settings({{"expire", "1s"}})};
    CHECK(h.watched_files() == std::vector<std::string>{ca});
    const auto ask = [&](TlsServer& server) {
        auto flight = h.send("example.org. A");
        auto peer = accept(h, bench.upstream, server);
        peer.send(Reply{receive(h, peer)}.a("192.0.2.1"));
        CHECK(answer_of(h, *flight).answer.size() == 1);
        h.advance(2s);
    };
    ask(bench.server);

    bench.folder.write("ca.pem", "nonsense");
    h.change_file(ca);
    CHECK(h.logged("TLS files cannot be used, the former stay in use"));
    ask(bench.server);

    bench.folder.write("ca.pem", other.pem());
    h.change_file(ca);
    CHECK(h.logged("TLS files were read again"));
    ask(renewed);
    CHECK(handshakes(h, bench.upstream, "full") == 2);
    CHECK(handshakes(h, bench.upstream, "resumed") == 1);
}

TEST_CASE("forward/tls: options that cannot be: refused") {
    const TestFolder folder;
    const TestAuthority authority;
    const auto ca = folder.write("ca.pem", authority.pem());
    const auto certified = authority.issue();
    const auto cert = folder.write("cert.pem", pem_of(*certified.certificate));
    const auto key = folder.write("key.pem", pem_of(*certified.key));
    const auto wrong_key = folder.write("wrong.pem", pem_of(*authority.issue().key));
    const auto refusal = [](Table settings, std::string_view to = "tls://192.0.2.1") {
        settings.push_back({"to", std::string{to}});
        return Harness::refusal(loom_module_0, settings);
    };
    const auto has = [](const std::string& text, std::string_view part) {
        CAPTURE(text);
        CHECK(text.find(part) != std::string::npos);
    };

    CHECK(refusal({{"tls_ca", ca}, {"tls_cert", cert}, {"tls_key", key}}).empty());
    has(refusal({{"tls_ca", folder.path("none.pem")}}), "No such file");
    has(refusal({{"tls_ca", folder.write("empty.pem", "")}}), "tls_ca");
    has(refusal({{"tls_cert", cert}}), "give `tls_key`, too");
    has(refusal({{"tls_key", key}}), "give `tls_cert`, too");
    has(refusal({{"tls_cert", cert}, {"tls_key", wrong_key}}), "key values mismatch");
    has(refusal({{"tls_servername", "not a name"}}), "no host name");
    has(refusal({{"tls_ca", ca}}, "192.0.2.1"), "of no use");
    has(refusal({{"max_age", "-1s"}}), "max_age");
}
