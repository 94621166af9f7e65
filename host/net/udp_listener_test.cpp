// SPDX-License-Identifier: Apache-2.0
#include "udp_listener.hpp"

#include "listen_sockets.hpp"
#include "sample_sockets.hpp"
#include "sample_worker.hpp"

#include <doctest/doctest.h>

#include <map>
#include <sched.h>

#include <linux/sock_diag.h>

using namespace loom;
using namespace loom::host;

namespace {

Octets message_with_id(std::uint16_t id) { return query_message({.id = id}); }
std::uint16_t id_of(const Octets& message) { return dns::load_u16(message.data()); }

std::uint32_t octets_queued(int fd) {
    std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
    socklen_t size = sizeof info;
    REQUIRE(::getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info.data(), &size) == 0);
    return info[SK_MEMINFO_RMEM_ALLOC];
}

/// A worker with a socket at `address`, and clients of it.
class UdpServer {
public:
    explicit UdpServer(std::string_view address = "127.0.0.1") {
        InheritedSockets none;
        Listen listen = parse_listen("udp://127.0.0.1:0").value().front();
        listen.address = sample_address(address);
        auto sockets = open_listen_sockets(listen, 1, 1232, none);
        REQUIRE(sockets);
        fd = std::exchange(sockets->udp[0], -1);
        bound = bound_to(fd);
    }
    void start() {
        sample.start();
        sample.worker.add_udp(0, fd);
    }
    SampleClient client() { return {sample.worker, SOCK_DGRAM, bound}; }
    SampleClient client_of(std::string_view address) {
        return {sample.worker, SOCK_DGRAM, sample_address(address, bound.port)};
    }
    /// Sends queries with these ids, of one size each, so that one receive finds them all.
    void send_at_once(std::span<const SampleClient> clients, std::size_t count) {
        std::uint32_t one = 0;
        for (std::size_t i = 0; i < count; ++i) {
            clients[i % clients.size()].send(message_with_id(static_cast<std::uint16_t>(i)));
            while (i == 0 && one == 0) one = octets_queued(fd);
        }
        while (octets_queued(fd) < one * count) ::sched_yield();
    }

    SampleWorker sample;
    int fd = -1;
    loom_address bound{};
};

}  // namespace

TEST_CASE("host/udp_listener: receive: more than a batch is answered, each query to its own peer") {
    UdpServer server;
    server.sample.add([](Exchange& e) { return sample_answer(e); });
    server.start();
    std::vector<SampleClient> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(server.client());
    constexpr std::size_t count = 150;
    server.send_at_once(clients, count);
    for (std::size_t i = 0; i < count; ++i) {
        const Octets reply = clients[i % 3].receive();
        REQUIRE(reply.size() > dns::header_size);
        CHECK(id_of(reply) == i);
    }
    for (const auto& client : clients) CHECK(client.is_silent());
    CHECK(server.sample.metric(server.sample.worker.metrics().udp_queries) == count);
}

TEST_CASE("host/udp_listener: prepare: ahead for the messages of a batch, a few at most") {
    UdpServer server;
    std::string trace;
    FakePlugin& plugin = server.sample.add([&](Exchange& e) {
        trace += static_cast<char>('a' + e.id);
        return sample_answer(e);
    });
    plugin.prepare = [&](const Exchange& e) { trace += static_cast<char>('A' + e.id); };
    server.start();
    std::vector<SampleClient> clients;
    clients.push_back(server.client());
    SUBCASE("of seven") {
        server.send_at_once(clients, 7);
        for (int i = 0; i < 7; ++i) CHECK_FALSE(clients[0].receive().empty());
        CHECK(trace == "ABCDaEbFcGdefg");
    }
    SUBCASE("not for one that came alone") {
        server.send_at_once(clients, 1);
        CHECK_FALSE(clients[0].receive().empty());
        CHECK(trace == "a");
    }
    SUBCASE("not when another generation serves") {
        Pipeline pipeline;
        FakePlugin next;
        next.on_query = [](Exchange& e) { return sample_answer(e); };
        next.join(pipeline, &server.sample.host.instance(next.table));
        WorkerGeneration generation;
        generation.pipelines.push_back(pipeline);
        generation.routers = server.sample.generation.routers;
        server.sample.worker.use(&generation);
        server.send_at_once(clients, 3);
        for (int i = 0; i < 3; ++i) CHECK_FALSE(clients[0].receive().empty());
        CHECK(trace.empty());
    }
}

TEST_CASE("host/udp_listener: wildcard: the answer comes from the address that was asked") {
    UdpServer server{"0.0.0.0"};
    std::vector<std::uint8_t> asked;
    server.sample.add([&](Exchange& e) {
        asked.push_back(e.local->ip[15]);
        return sample_answer(e);
    });
    server.start();
    // A connected socket takes datagrams from there only.
    for (const char* address : {"127.0.0.2", "127.0.0.1", "127.0.0.3"}) {
        const SampleClient client = server.client_of(address);
        client.send(message_with_id(7));
        CHECK(id_of(client.receive()) == 7);
    }
    CHECK(asked == std::vector<std::uint8_t>{2, 1, 3});
}

TEST_CASE("host/udp_listener: wildcard: of IPv6 knows the address that was asked") {
    if (!has_ipv6_loopback()) return;
    UdpServer server{"::"};
    loom_address asked{};
    server.sample.add([&](Exchange& e) {
        asked = *e.local;
        return sample_answer(e);
    });
    server.start();
    const SampleClient client = server.client_of("::1");
    client.send(message_with_id(7));
    CHECK(id_of(client.receive()) == 7);
    CHECK(asked.family == 6);
    CHECK(asked.ip[15] == 1);
    CHECK(asked.port == server.bound.port);
}

TEST_CASE("host/udp_listener: wildcard: a suspended query is answered from the address it asked") {
    UdpServer server{"0.0.0.0"};
    Waiter waiter{server.sample};
    server.start();
    const SampleClient client = server.client_of("127.0.0.2");
    client.send(message_with_id(7));
    REQUIRE(run_until(server.sample.worker, [&] { return waiter.token != 0; }));
    const loom_token first = waiter.token;
    // Another one in the same place of the batch.
    const SampleClient other = server.client_of("127.0.0.3");
    other.send(message_with_id(8));
    REQUIRE(run_until(server.sample.worker, [&] { return waiter.token != first; }));
    CHECK(server.sample.resume(first) == LOOM_OK);
    CHECK(id_of(client.receive()) == 7);
    CHECK(server.sample.resume(waiter.token) == LOOM_OK);
    CHECK(id_of(other.receive()) == 8);
}

TEST_CASE("host/udp_listener: receive: what is no query gets no answer and does no harm") {
    UdpServer server;
    server.sample.add([](Exchange& e) { return sample_answer(e); });
    server.start();
    const SampleClient client = server.client();
    client.send({});
    client.send(Octets(11));
    Octets response = message_with_id(1);
    response[2] |= 0x80;
    client.send(response);
    // A query with so much behind it that it is cut on receiving.
    Octets large = edns_message({.id = 2});
    large.resize(8000);
    client.send(large);
    client.send(message_with_id(3));
    CHECK(id_of(client.receive()) == 3);
    CHECK(client.is_silent());
    CHECK(server.sample.metric(server.sample.worker.metrics().malformed) == 4);
}

TEST_CASE("host/udp_listener: receive: errors and dropped queries among others keep the order") {
    UdpServer server;
    server.sample.add([](Exchange& e) {
        return e.id == 2 ? loom_verdict{LOOM_DROP} : sample_answer(e);
    });
    server.start();
    const SampleClient client = server.client();
    client.send(query_message({.bits = 4U << 11U, .id = 1}));
    client.send(message_with_id(2));
    client.send(message_with_id(3));
    const Octets first = client.receive();
    CHECK(id_of(first) == 1);
    CHECK((first[3] & 0xFU) == dns::rcode::notimp);
    CHECK(id_of(client.receive()) == 3);
    CHECK(client.is_silent());
}

TEST_CASE("host/udp_listener: suspended queries: go to their own peers, in any order") {
    UdpServer server;
    std::map<std::uint16_t, loom_token> tokens;
    server.sample
        .add([&](Exchange& e) {
            if (e.id >= 100) return sample_answer(e);
            tokens[e.id] = e.host_worker->suspend(e, 0);
            return loom_verdict{LOOM_PENDING};
        })
        .on_resume = [](Exchange& e, std::int32_t, void*) { return sample_answer(e); };
    server.start();
    std::vector<SampleClient> clients;
    for (int i = 0; i < 5; ++i) clients.push_back(server.client());
    server.send_at_once(clients, 5);
    REQUIRE(run_until(server.sample.worker, [&] { return tokens.size() == 5; }));
    // Others take their places in the batch.
    for (const auto& client : clients) {
        client.send(message_with_id(100));
        CHECK(id_of(client.receive()) == 100);
    }
    for (const int one : {3, 0, 4, 1, 2}) {
        const auto id = static_cast<std::uint16_t>(one);
        CHECK(server.sample.resume(tokens[id]) == LOOM_OK);
        CHECK(id_of(clients[id].receive()) == id);
    }
}

TEST_CASE("host/udp_listener: retire: what has arrived is answered, each query to its own peer") {
    UdpServer server;
    server.sample.add([](Exchange& e) { return sample_answer(e); });
    server.start();
    std::vector<SampleClient> clients;
    for (int i = 0; i < 7; ++i) clients.push_back(server.client());
    constexpr std::size_t count = 200;
    server.send_at_once(clients, count);
    // As the control thread does it.
    server.sample.worker.post([&] { server.sample.worker.remove_listener(0); });
    for (std::size_t i = 0; i < count; ++i) CHECK(id_of(clients[i % 7].receive()) == i);
    for (const auto& client : clients) CHECK(client.is_silent());
}

TEST_CASE("host/udp_listener: retire: the port is free when the last suspended query has ended") {
    UdpServer server;
    Waiter waiter{server.sample};
    server.start();
    const SampleClient client = server.client();
    client.send(message_with_id(1));
    REQUIRE(run_until(server.sample.worker, [&] { return waiter.token != 0; }));
    const auto is_free = [&] {
        InheritedSockets none;
        Listen listen = parse_listen("udp://127.0.0.1:0").value().front();
        listen.address = server.bound;
        return open_listen_sockets(listen, 1, 1232, none).has_value();
    };
    server.sample.worker.post([&] { server.sample.worker.remove_listener(0); });
    run_ready(server.sample.worker);
    CHECK_FALSE(is_free());
    CHECK(server.sample.resume(waiter.token) == LOOM_OK);
    CHECK(id_of(client.receive()) == 1);
    CHECK(is_free());
}
