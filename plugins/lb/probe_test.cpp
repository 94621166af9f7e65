// SPDX-License-Identifier: Apache-2.0
// Probes of real sockets on loopback, with the clock of the harness.
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using loom::harness::Harness;
using loom::harness::List;
using loom::harness::Table;
using Records = std::vector<std::string>;

/// Listens on a port of its own, on one address of loopback.
class Server {
public:
    explicit Server(const char* address, std::uint16_t port = 0)
        : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        const int on = 1;
        ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);
        ::inet_pton(AF_INET, address, &at.sin_addr);
        REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
        REQUIRE(::listen(fd_, 8) == 0);
        socklen_t size = sizeof at;
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
        port_ = ntohs(at.sin_port);
    }
    ~Server() { ::close(fd_); }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::uint16_t port() const { return port_; }
    /// Takes one connection, reads the request and gives the reply.
    std::string serve(const std::string& reply) const {
        const int peer = ::accept(fd_, nullptr, nullptr);
        std::string request(1024, '\0');
        request.resize(static_cast<std::size_t>(::recv(peer, request.data(), request.size(), 0)));
        ::send(peer, reply.data(), reply.size(), MSG_NOSIGNAL);
        ::close(peer);
        return request;
    }

private:
    int fd_;
    std::uint16_t port_ = 0;
};

const std::string up = "example.org. 60 IN A 127.0.0.21";
const std::string dead = "example.org. 60 IN A 127.0.0.22";

/// Answers both addresses, the dead one in front.
struct Probed {
    explicit Probed(Table health, Records answer = {dead, up})
        : h{loom_module_0, {{"policy", "keep"}, {"health", std::move(health)}}} {
        h.behind.otherwise([answer](const auto&) {
            return loom::harness::Reply{.answer = answer, .as_wire = true};
        });
    }
    double probes(const char* result) const {
        return h.metric("dnsloom_lb_probes_total", {{"result", result}});
    }
    bool after_probes(double successes, double failures) {
        return h.run_until(
            [&] { return probes("success") >= successes && probes("failure") >= failures; });
    }
    Records ask() { return h.ask("example.org. A").answer; }
    Harness h;
};

Table tcp(std::uint16_t port, Table more = {}) {
    Table table{{"networks", "127.0.0.0/8"}, {"port", port}, {"max_fails", 1}};
    table.insert(table.end(), more.begin(), more.end());
    return table;
}

}  // namespace

TEST_CASE("plugin/lb/probe: an address that refuses connections: goes last") {
    const Server server{"127.0.0.21"};
    Probed lb{tcp(server.port())};
    CHECK(lb.ask() == Records{dead, up});

    REQUIRE(lb.after_probes(1, 1));

    CHECK(lb.ask() == Records{up, dead});
    CHECK(lb.h.metric("dnsloom_lb_targets") == 2);
    CHECK(lb.h.metric("dnsloom_lb_targets_down") == 1);
    CHECK(lb.h.logged("an address is down"));
}

TEST_CASE("plugin/lb/probe: when_down out: leaves it out, and comes back when it is up") {
    const Server server{"127.0.0.21"};
    Probed lb{tcp(server.port(), {{"when_down", "out"}, {"interval", "1s"}})};
    lb.ask();
    REQUIRE(lb.after_probes(1, 1));
    CHECK(lb.ask() == Records{up});

    const Server second{"127.0.0.22", server.port()};
    lb.h.advance(1s);
    REQUIRE(lb.after_probes(3, 1));
    CHECK(lb.ask() == Records{dead, up});
    CHECK(lb.h.metric("dnsloom_lb_targets_down") == 0);
}

TEST_CASE("plugin/lb/probe: all down: none is left out") {
    std::uint16_t port = 0;
    { port = Server{"127.0.0.21"}.port(); }
    Probed lb{tcp(port, {{"when_down", "out"}})};
    lb.ask();
    REQUIRE(lb.after_probes(0, 2));

    CHECK(lb.ask() == Records{dead, up});
}

TEST_CASE("plugin/lb/probe: signed RRset: stays whole") {
    const Server server{"127.0.0.21"};
    const std::string signature =
        "example.org. 60 IN RRSIG A 13 2 60 20300101000000 20200101000000 1 example.org. AAAA";
    Probed lb{tcp(server.port(), {{"when_down", "out"}}), {dead, up, signature}};
    lb.ask();
    REQUIRE(lb.after_probes(1, 1));

    const auto answer = lb.ask();
    REQUIRE(answer.size() == 3);
    CHECK(answer[0] == up);
    CHECK(answer[1] == dead);
}

TEST_CASE("plugin/lb/probe: max_fails: so many in a row are needed") {
    const Server server{"127.0.0.21"};
    Table health{{"networks", "127.0.0.0/8"}, {"port", server.port()}, {"interval", "1s"}};
    Probed lb{health};
    lb.ask();
    REQUIRE(lb.after_probes(1, 1));
    CHECK(lb.ask() == Records{dead, up});

    lb.h.advance(1s);
    REQUIRE(lb.after_probes(2, 2));
    CHECK(lb.ask() == Records{up, dead});
}

TEST_CASE("plugin/lb/probe: networks: others are never probed") {
    const Server server{"127.0.0.21"};
    Probed lb{{{"networks", "127.0.0.21"}, {"port", server.port()}, {"max_fails", 1}}};
    lb.ask();
    REQUIRE(lb.after_probes(1, 0));

    CHECK(lb.h.metric("dnsloom_lb_targets") == 1);
    CHECK(lb.probes("failure") == 0);
}

TEST_CASE("plugin/lb/probe: targets: is the most that are probed") {
    const Server server{"127.0.0.21"};
    Probed lb{tcp(server.port(), {{"targets", 1}}), {up, dead}};
    lb.ask();
    REQUIRE(lb.after_probes(1, 0));
    lb.ask();
    lb.h.run_ready();

    CHECK(lb.h.metric("dnsloom_lb_targets") == 1);
    CHECK(lb.h.logged("more addresses than health.targets"));
}

TEST_CASE("plugin/lb/probe: an address that answers no more: is forgotten after ten minutes") {
    const Server server{"127.0.0.21"};
    Probed lb{tcp(server.port(), {{"interval", "60s"}})};
    lb.ask();
    REQUIRE(lb.after_probes(1, 1));
    for (int minute = 1; minute <= 12; ++minute) {
        lb.h.advance(60s);
        lb.h.run_until([&] { return lb.probes("success") > minute; }, 200ms);
    }
    CHECK(lb.h.metric("dnsloom_lb_targets") == 0);
}

TEST_CASE("plugin/lb/probe: http: only the codes given mean up") {
    for (const bool is_up : {true, false}) {
        const Server server{"127.0.0.21"};
        Probed lb{
            tcp(server.port(),
                {{"probe", "http"},
                 {"path", "/live"},
                 {"host", "web"},
                 {"status", List{200, 204}}}),
            {up, "example.org. 60 IN A 192.0.2.1"}};
        lb.ask();
        lb.h.run_ready();
        const auto request =
            server.serve(is_up ? "HTTP/1.1 204 No Content\r\n\r\n" : "HTTP/1.1 503 Sorry\r\n\r\n");
        REQUIRE(lb.after_probes(is_up ? 1 : 0, is_up ? 0 : 1));

        CHECK(request.starts_with("GET /live HTTP/1.1\r\nHost: web\r\n"));
        CHECK((lb.ask().front() == up) == is_up);
    }
}

TEST_CASE("plugin/lb/probe: http: no answer within timeout means down") {
    const Server server{"127.0.0.21"};
    Probed lb{
        tcp(server.port(), {{"probe", "http"}, {"timeout", "500ms"}}),
        {up, "example.org. 60 IN A 192.0.2.1"}};
    lb.ask();
    lb.h.run_ready();
    CHECK(lb.probes("failure") == 0);
    lb.h.advance(500ms);

    CHECK(lb.probes("failure") == 1);
    CHECK(lb.ask().back() == up);
}

TEST_CASE("plugin/lb/probe: concurrency: the others wait for their turn") {
    const Server server{"127.0.0.21"};
    Probed lb{
        tcp(server.port(), {{"probe", "http"}, {"concurrency", 1}, {"timeout", "1s"}}),
        {up, "example.org. 60 IN A 127.0.0.21", dead}};
    lb.ask();
    lb.h.run_ready();
    CHECK(lb.h.timer_count() == 2);  // The round, and one probe.
    lb.h.advance(1s);
    lb.h.run_ready();
    REQUIRE(lb.after_probes(0, 2));
}

TEST_CASE("plugin/lb/probe: options: mistakes are refused with what to change") {
    const auto says = [](Table health, std::string_view text) {
        const auto error = Harness::refusal(loom_module_0, {{"health", std::move(health)}});
        INFO(error);
        CHECK(error.find(text) != std::string::npos);
    };
    says({{"port", 80}}, "networks");
    says({{"networks", "127.0.0.0/8"}}, "port");
    says(tcp(1, {{"timeout", "6s"}}), "longer than interval");
    says(tcp(1, {{"probe", "http"}, {"path", "live"}}), "begins with \"/\"");
    says(tcp(1, {{"probe", "http"}, {"host", "a b"}}), "visible ASCII");
    says(tcp(1, {{"probe", "icmp"}}), "probe");
    says(tcp(1, {{"status", 99}}), "status");
    says(tcp(1, {{"concurrency", 0}}), "concurrency");
    says(tcp(1, {{"targets", 5000}}), "targets");
    says(tcp(1, {{"when_down", "hide"}}), "when_down");
    says({{"networks", "127.0.0.1/8"}, {"port", 1}}, "write 127.0.0.0/8");
}
