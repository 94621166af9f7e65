// SPDX-License-Identifier: Apache-2.0
#include "http_pages.hpp"

#include "../net/sample_sockets.hpp"
#include "sample_services.hpp"

#include <doctest/doctest.h>

#include <charconv>

#include <sys/resource.h>

using namespace loom;
using namespace loom::host;

namespace {

constexpr std::uint64_t second = 1'000'000'000;

loom_status say_hello(void*, loom_http_reply* reply) {
    const std::string_view text = "hello\n";
    return reply->body->write(reply->body->self, text.data(), text.size());
}
loom_status say_failing(void*, loom_http_reply*) { return LOOM_E_STATE; }
loom_status say_teapot(void*, loom_http_reply* reply) {
    reply->status = 418;
    reply->content_type = {"text/tea", 8};
    return LOOM_OK;
}
loom_status say_nonsense(void* status, loom_http_reply* reply) {
    reply->status = *static_cast<std::int32_t*>(status);
    return LOOM_OK;
}

/// A port with a few pages.
class WebServer {
public:
    WebServer() {
        add("/hello", say_hello);
        add("/failing", say_failing);
        add("/teapot", say_teapot);
        add("/nonsense", say_nonsense, &status);
        REQUIRE(host.http.open_ports());
        host.http.commit();
        const auto addresses = host.http.addresses();
        REQUIRE(addresses.size() == 1);
        bound = parse_endpoint(addresses[0]).value();
    }
    void add(
        std::string path, loom_status (*handler)(void*, loom_http_reply*), void* arg = nullptr) {
        REQUIRE(host.http.propose(
            {sample_address("127.0.0.1"), std::move(path), handler, arg, nullptr, "sample"}));
    }
    SampleClient client() { return {host.control, SOCK_STREAM, bound}; }
    void advance(std::uint64_t step_ns) {
        host.clock.advance(step_ns);
        host.control.clock_moved();
        run_ready(host.control);
    }

    SampleServices host{0};
    loom_address bound{};
    std::int32_t status = 0;
};

void send(const SampleClient& client, std::string_view text) {
    client.send({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

// One reply: its head, and a body as long as that says. Shorter when the stream ends.
std::string read_reply(const SampleClient& client, bool has_body = true) {
    std::string out;
    const auto more = [&] {
        const Octets octets = client.receive(1);
        out.append(octets.begin(), octets.end());
        return !octets.empty();
    };
    while (!out.ends_with("\r\n\r\n"))
        if (!more()) return out;
    const std::string_view field = "Content-Length: ";
    const auto at = out.find(field);
    if (at == std::string::npos || !has_body) return out;
    std::size_t size = 0;
    std::from_chars(out.data() + at + field.size(), out.data() + out.size(), size);
    for (const std::size_t end = out.size() + size; out.size() < end;)
        if (!more()) return out;
    return out;
}

std::string ask(const SampleClient& client, std::string_view line, std::string_view rest = "") {
    send(client, std::string{line} + "\r\nHost: localhost\r\n" + std::string{rest} + "\r\n");
    return read_reply(client, !line.starts_with("HEAD"));
}

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("host/http_pages: GET: is the page, one after the other on one connection") {
    WebServer server;
    const SampleClient client = server.client();
    for (const char* line : {"GET /hello HTTP/1.1", "GET /hello?a=b HTTP/1.1"}) {
        const std::string reply = ask(client, line);
        CHECK(reply.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(has(reply, "Content-Type: text/plain; charset=utf-8\r\n"));
        CHECK(reply.ends_with("\r\n\r\nhello\n"));
    }
}

TEST_CASE("host/http_pages: HEAD: is the same without the page") {
    WebServer server;
    const SampleClient client = server.client();
    const std::string reply = ask(client, "HEAD /hello HTTP/1.1");
    CHECK(reply.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(has(reply, "Content-Length: 6\r\n"));
    // No body: the next reply follows at once.
    CHECK(ask(client, "GET /hello HTTP/1.1").starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("host/http_pages: a page that is not there: is 404") {
    WebServer server;
    const SampleClient client = server.client();
    CHECK(ask(client, "GET /other HTTP/1.1").starts_with("HTTP/1.1 404 "));
    CHECK(ask(client, "GET /hello/ HTTP/1.1").starts_with("HTTP/1.1 404 "));
    CHECK(ask(client, "GET /hello HTTP/1.1").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("host/http_pages: other methods: are 405, and a body ends the connection") {
    WebServer server;
    const SampleClient client = server.client();
    const std::string reply = ask(client, "DELETE /hello HTTP/1.1");
    CHECK(reply.starts_with("HTTP/1.1 405 "));
    CHECK(has(reply, "Allow: GET, HEAD\r\n"));
    // The body looks like another request.
    const std::string body = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
    send(
        client, "POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + body);
    CHECK(read_reply(client).starts_with("HTTP/1.1 405 "));
    CHECK(client.is_at_end());
}

TEST_CASE("host/http_pages: a handler: chooses status and type, and may fail") {
    WebServer server;
    const SampleClient client = server.client();
    const std::string reply = ask(client, "GET /teapot HTTP/1.1");
    CHECK(reply.starts_with("HTTP/1.1 418 "));
    CHECK(has(reply, "Content-Type: text/tea\r\n"));
    CHECK(ask(client, "GET /failing HTTP/1.1").starts_with("HTTP/1.1 500 "));
    for (const std::int32_t status : {0, -1, 100, 204, 304, 600, 1000, 70000}) {
        server.status = status;
        CHECK(ask(client, "GET /nonsense HTTP/1.1").starts_with("HTTP/1.1 500 "));
    }
}

TEST_CASE("host/http_pages: keep-alive: as the client wants it") {
    WebServer server;
    const SampleClient old = server.client();
    CHECK(ask(old, "GET /hello HTTP/1.0").starts_with("HTTP/1.0 200 "));
    CHECK(old.is_at_end());
    const SampleClient closing = server.client();
    CHECK(ask(closing, "GET /hello HTTP/1.1", "Connection: close\r\n")
              .starts_with("HTTP/1.1 200 "));
    CHECK(closing.is_at_end());
}

TEST_CASE("host/http_pages: pipelined requests: are answered in order") {
    WebServer server;
    const SampleClient client = server.client();
    send(
        client, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /other HTTP/1.1\r\nHost: a\r\n\r\n"
                "GET /teapot HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(read_reply(client).starts_with("HTTP/1.1 200 "));
    CHECK(read_reply(client).starts_with("HTTP/1.1 404 "));
    CHECK(read_reply(client).starts_with("HTTP/1.1 418 "));
}

TEST_CASE("host/http_pages: an oversized request: is refused, and the connection ends") {
    WebServer server;
    const SampleClient client = server.client();
    std::string request = "GET /hello HTTP/1.1\r\nX: ";
    request.resize(20'000, 'x');
    send(client, request);
    const std::string reply = read_reply(client);
    CHECK(reply.starts_with("HTTP/1.1 431 "));
    CHECK(client.is_at_end());
}

TEST_CASE("host/http_pages: what is no request: is refused, and the connection ends") {
    WebServer server;
    for (const char* text :
         {"nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\r\n\r\n"}) {
        const SampleClient client = server.client();
        send(client, text);
        CHECK(read_reply(client).starts_with("HTTP/1.1 400 "));
        CHECK(client.is_at_end());
    }
}

TEST_CASE("host/http_pages: a slow request: ends after ten seconds, however it dribbles") {
    WebServer server;
    const SampleClient client = server.client();
    const SampleClient silent = server.client();
    // Accepted in the order in which they came: when the third is served, all are there.
    CHECK(ask(server.client(), "GET /hello HTTP/1.1").starts_with("HTTP/1.1 200 "));
    send(client, "GET /hel");
    run_ready(server.host.control);
    server.advance(6 * second);
    send(client, "lo HTTP/1.1\r\n");
    run_ready(server.host.control);
    CHECK(client.is_silent());
    server.advance(5 * second);
    CHECK(client.is_at_end());
    CHECK(silent.is_at_end());
}

TEST_CASE("host/http_pages: keep-alive: ten seconds for each request") {
    WebServer server;
    const SampleClient client = server.client();
    for (int i = 0; i < 3; ++i) {
        CHECK(ask(client, "GET /hello HTTP/1.1").starts_with("HTTP/1.1 200 "));
        // The reply is here before the server knows that it has sent it.
        run_ready(server.host.control);
        server.advance(6 * second);
    }
    server.advance(5 * second);
    CHECK(client.is_at_end());
}

TEST_CASE("host/http_pages: connections: one too many is closed at once") {
    WebServer server;
    std::vector<SampleClient> clients;
    for (int i = 0; i < 64; ++i) clients.push_back(server.client());
    const SampleClient late = server.client();
    CHECK(late.is_at_end());
    CHECK(ask(clients.back(), "GET /hello HTTP/1.1", "Connection: close\r\n")
              .starts_with("HTTP/1.1 200 "));
    CHECK(clients.back().is_at_end());
    run_ready(server.host.control);
    const SampleClient next = server.client();
    CHECK(ask(next, "GET /hello HTTP/1.1").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("host/http_pages: without descriptors: waits instead of trying again at once") {
    WebServer server;
    const SampleClient client = server.client();
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const int lowest = ::dup(client.fd());
    ::close(lowest);
    const rlimit none{static_cast<rlim_t>(lowest), before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    std::size_t turns = 0;
    {
        const EventLoop::Here here{server.host.control};
        server.host.control.context().restart();
        while (turns < 1000 && server.host.control.context().poll_one() != 0) ++turns;
    }
    ::setrlimit(RLIMIT_NOFILE, &before);
    CHECK(turns < 1000);
    SUBCASE("and goes on later") {
        server.advance(second);
        CHECK(ask(client, "GET /hello HTTP/1.1").starts_with("HTTP/1.1 200 "));
    }
    SUBCASE("and may go meanwhile") {
        server.host.http.remove_owner(nullptr);
        CHECK(server.host.http.addresses().empty());
        server.advance(second);
        CHECK(client.is_at_end());
    }
}

TEST_CASE("host/http_pages: propose: a path of another plugin on the address is refused") {
    WebServer server;
    const HttpPage page{sample_address("127.0.0.1"), "/page", say_hello, nullptr, nullptr, "a"};
    HttpPage other = page;
    other.plugin = "b";
    CHECK(server.host.http.propose(page));
    CHECK(server.host.http.propose(page));
    CHECK_FALSE(server.host.http.propose(other));
    other.path = "/other";
    CHECK(server.host.http.propose(other));
    // Nothing of it is served before commit().
    CHECK(ask(server.client(), "GET /page HTTP/1.1").starts_with("HTTP/1.1 404 "));
    server.host.http.commit();
    CHECK(ask(server.client(), "GET /page HTTP/1.1").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("host/http_pages: withdraw: closes what was opened for it, and no other port") {
    WebServer server;
    REQUIRE(server.host.http.propose(
        {sample_address("127.0.0.2"), "/page", say_hello, nullptr, nullptr, "a"}));
    REQUIRE(server.host.http.open_ports());
    CHECK(server.host.http.addresses().size() == 2);
    server.host.http.withdraw();
    CHECK(server.host.http.addresses().size() == 1);
    CHECK(ask(server.client(), "GET /hello HTTP/1.1").starts_with("HTTP/1.1 200 "));
}

TEST_CASE("host/http_pages: open_ports: a port that is taken is an error that names it") {
    WebServer server;
    loom_address taken = server.bound;
    REQUIRE(server.host.http.propose({taken, "/page", say_hello, nullptr, nullptr, "a"}));
    const auto opened = server.host.http.open_ports();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().text.starts_with("http://127.0.0.1:"));
}
