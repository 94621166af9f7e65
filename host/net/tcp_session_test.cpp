// SPDX-License-Identifier: Apache-2.0
#include "tcp_session.hpp"

#include "listen_sockets.hpp"
#include "sample_sockets.hpp"
#include "sample_worker.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <map>

#include <netinet/tcp.h>
#include <sys/resource.h>

using namespace loom;
using namespace loom::host;

namespace {

Octets framed(const Octets& message) {
    Octets out;
    put_u16(out, static_cast<std::uint16_t>(message.size()));
    out.insert(out.end(), message.begin(), message.end());
    return out;
}
Octets framed_query(int id) {
    return framed(query_message({.id = static_cast<std::uint16_t>(id)}));
}

void append(Octets& out, const Octets& more) { out.insert(out.end(), more.begin(), more.end()); }

/// Ids of whole messages; what is left over is appended as 0xFFFF.
std::vector<std::uint16_t> ids_in(const Octets& stream) {
    std::vector<std::uint16_t> out;
    std::size_t at = 0;
    while (at + 4 <= stream.size()) {
        out.push_back(dns::load_u16(stream.data() + at + 2));
        at += 2U + dns::load_u16(stream.data() + at);
    }
    if (at != stream.size()) out.push_back(0xFFFF);
    return out;
}

// Those with data in them.
std::uint32_t segments_received(const SampleClient& client) {
    // tcpi_data_segs_in, which the C library's tcp_info does not have.
    constexpr std::size_t place = 152;
    std::array<std::uint8_t, 256> info{};
    socklen_t size = sizeof info;
    REQUIRE(::getsockopt(client.fd(), IPPROTO_TCP, TCP_INFO, info.data(), &size) == 0);
    REQUIRE(size >= place + 4);
    std::uint32_t count = 0;
    std::memcpy(&count, info.data() + place, sizeof count);
    return count;
}

using Ids = std::vector<std::uint16_t>;

/// A worker with a listening socket. Queries with ids below 100 wait for resume().
class TcpServer {
public:
    TcpServer() {
        InheritedSockets none;
        auto sockets =
            open_listen_sockets(parse_listen("tcp://127.0.0.1:0").value().front(), 1, 1232, none);
        REQUIRE(sockets);
        const int fd = std::exchange(sockets->tcp[0], -1);
        bound = bound_to(fd);
        sample
            .add([this](Exchange& e) {
                ++served;
                if (e.id >= 100) return sample_answer(e);
                tokens[e.id] = worker.suspend(e, 0);
                return loom_verdict{LOOM_PENDING};
            })
            .on_resume = [](Exchange& e, std::int32_t, void*) { return sample_answer(e); };
        sample.start();
        worker.add_tcp(0, fd);
    }
    SampleClient client() { return {worker, SOCK_STREAM, bound}; }
    /// A client whose connection the worker has.
    SampleClient accepted_client() {
        const double before = sample.metric(worker.metrics().tcp_accepted);
        SampleClient made = client();
        REQUIRE(run_until(
            worker, [&] { return sample.metric(worker.metrics().tcp_accepted) > before; }));
        return made;
    }
    void set_limits(std::uint32_t connections, std::uint32_t pipeline) {
        WorkerLimits limits;
        limits.tcp_connections = connections;
        limits.tcp_pipeline = pipeline;
        // Suspended queries outlast idle times.
        limits.query_timeout_ns = 3600 * sample_second;
        worker.set_limits(limits);
    }
    bool serves(const SampleClient& client) {
        client.send(framed_query(200));
        return ids_in(client.receive()) == Ids{200};
    }
    void await_waiting(std::size_t count) {
        REQUIRE(run_until(worker, [&] { return tokens.size() == count; }));
    }

    SampleWorker sample;
    Worker& worker = sample.worker;
    loom_address bound{};
    std::map<std::uint16_t, loom_token> tokens;
    int served = 0;
};

}  // namespace

TEST_CASE("host/tcp_session: pipelined queries: of one segment are answered with one send") {
    TcpServer server;
    const SampleClient client = server.accepted_client();
    Octets queries;
    for (const int id : {101, 102, 103}) append(queries, framed_query(id));
    client.send(queries);
    CHECK(ids_in(client.receive()) == Ids{101, 102, 103});
    CHECK(segments_received(client) == 1);
}

TEST_CASE("host/tcp_session: a query octet by octet: is answered when it is whole") {
    TcpServer server;
    const SampleClient client = server.accepted_client();
    const int on = 1;
    ::setsockopt(client.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (const int id : {101, 102}) {
        for (const std::uint8_t octet : framed_query(id)) {
            CHECK(client.is_silent());
            client.send({&octet, 1});
            run_ready(server.worker);
        }
        CHECK(ids_in(client.receive()) == Ids{static_cast<std::uint16_t>(id)});
    }
    CHECK(server.served == 2);
}

TEST_CASE("host/tcp_session: suspended queries: are answered in the order in which they end") {
    TcpServer server;
    const SampleClient client = server.accepted_client();
    Octets queries;
    for (const int id : {1, 2, 103}) append(queries, framed_query(id));
    client.send(queries);
    CHECK(ids_in(client.receive()) == Ids{103});
    CHECK(server.sample.resume(server.tokens[2]) == LOOM_OK);
    CHECK(ids_in(client.receive()) == Ids{2});
    CHECK(server.sample.resume(server.tokens[1]) == LOOM_OK);
    CHECK(ids_in(client.receive()) == Ids{1});
}

TEST_CASE("host/tcp_session: suspended queries: of a connection that is gone end without it") {
    TcpServer server;
    {
        const SampleClient client = server.accepted_client();
        client.send(framed_query(1));
        server.await_waiting(1);
    }
    REQUIRE(run_until(server.worker, [&] {
        server.sample.resume(server.tokens[1]);
        return server.worker.session_count() == 0;
    }));
    CHECK(server.worker.suspended_count() == 0);
}

TEST_CASE("host/tcp_session: a client that closed its half: gets its answers, then the end") {
    TcpServer server;
    const SampleClient client = server.accepted_client();
    client.send(framed_query(1));
    ::shutdown(client.fd(), SHUT_WR);
    server.await_waiting(1);
    run_ready(server.worker);
    CHECK(server.sample.resume(server.tokens[1]) == LOOM_OK);
    CHECK(ids_in(client.receive()) == Ids{1});
    CHECK(client.is_at_end());
    CHECK(server.worker.session_count() == 0);
}

TEST_CASE("host/tcp_session: what is no query: ends the connection") {
    TcpServer server;
    for (const Octets& bad : {Octets{0, 0}, Octets{0, 3, 1, 2, 3}}) {
        const SampleClient client = server.accepted_client();
        Octets octets = framed_query(101);
        append(octets, bad);
        append(octets, framed_query(102));
        client.send(octets);
        CHECK(ids_in(client.receive()) == Ids{101});
        CHECK(client.is_at_end());
    }
    CHECK(server.served == 2);
}

TEST_CASE("host/tcp_session: what is no query: ends a connection at once that has nothing else") {
    TcpServer server;
    const SampleClient client = server.accepted_client();
    client.send(Octets{0, 3, 1, 2, 3});
    REQUIRE(run_until(server.worker, [&] {
        return server.sample.metric(server.worker.metrics().malformed) == 1;
    }));
    CHECK(server.worker.session_count() == 0);
    CHECK(client.is_at_end());
}

TEST_CASE("host/tcp_session: tcp_pipeline: one query too many waits until another has ended") {
    TcpServer server;
    server.set_limits(10, 2);
    const SampleClient client = server.accepted_client();
    Octets queries;
    for (const int id : {1, 2, 3, 104}) append(queries, framed_query(id));
    client.send(queries);
    server.await_waiting(2);
    run_ready(server.worker);
    CHECK(server.served == 2);
    CHECK(server.sample.resume(server.tokens[2]) == LOOM_OK);
    CHECK(ids_in(client.receive()) == Ids{2});
    CHECK(server.served == 3);
    CHECK(server.sample.resume(server.tokens[3]) == LOOM_OK);
    Ids rest = ids_in(client.receive());
    while (rest.size() < 2) rest.push_back(ids_in(client.receive()).front());
    CHECK(rest == Ids{3, 104});
}

TEST_CASE("host/tcp_session: tcp_idle: a silent connection is closed") {
    TcpServer server;
    const SampleClient client = server.accepted_client();
    server.sample.advance(6 * sample_second);
    CHECK(client.is_silent());
    server.sample.advance(6 * sample_second);
    CHECK(client.is_at_end());
    CHECK(server.worker.session_count() == 0);
}

TEST_CASE("host/tcp_session: tcp_idle: begins anew with each query, not with a part of one") {
    TcpServer server;
    const SampleClient client = server.accepted_client();
    server.sample.advance(6 * sample_second);
    SUBCASE("a query") {
        CHECK(server.serves(client));
        server.sample.advance(6 * sample_second);
        CHECK(server.serves(client));
    }
    SUBCASE("a part") {
        client.send(Octets{0, 40, 1, 2, 3});
        run_ready(server.worker);
        server.sample.advance(6 * sample_second);
        CHECK(client.is_at_end());
    }
}

TEST_CASE("host/tcp_session: tcp_idle: does not end a connection with a suspended query") {
    TcpServer server;
    server.set_limits(10, 10);
    const SampleClient client = server.accepted_client();
    client.send(framed_query(1));
    server.await_waiting(1);
    server.sample.advance(60 * sample_second);
    CHECK(server.sample.resume(server.tokens[1]) == LOOM_OK);
    CHECK(ids_in(client.receive()) == Ids{1});
    server.sample.advance(12 * sample_second);
    CHECK(client.is_at_end());
}

TEST_CASE("host/tcp_listener: tcp_connections: the longest silent makes room") {
    TcpServer server;
    server.set_limits(2, 10);
    const SampleClient first = server.accepted_client();
    const SampleClient second = server.accepted_client();
    CHECK(server.serves(first));
    const SampleClient third = server.accepted_client();
    CHECK(second.is_at_end());
    CHECK(server.serves(third));
    CHECK(server.serves(first));
    CHECK(server.worker.session_count() == 2);
    CHECK(server.sample.metric(server.worker.metrics().tcp_refused) == 1);
}

TEST_CASE("host/tcp_listener: tcp_connections: with all busy the new one is closed") {
    TcpServer server;
    server.set_limits(2, 10);
    const SampleClient first = server.accepted_client();
    const SampleClient second = server.accepted_client();
    first.send(framed_query(1));
    second.send(framed_query(2));
    server.await_waiting(2);
    const SampleClient third = server.client();
    CHECK(third.is_at_end());
    CHECK(server.sample.metric(server.worker.metrics().tcp_refused) == 1);
    CHECK(server.sample.resume(server.tokens[1]) == LOOM_OK);
    CHECK(ids_in(first.receive()) == Ids{1});
}

TEST_CASE("host/tcp_session: a client that does not read: stops being served until it does") {
    TcpServer server;
    SampleWorker& sample = server.sample;
    Pipeline pipeline;
    FakePlugin plugin;
    int served = 0;
    const Octets rdata(16'000);
    plugin.on_query = [&](Exchange& e) {
        ++served;
        response_service.begin(&e, 0, 0);
        const loom_record record{
            e.qname, 65280, dns::rr_class::in, 60, {rdata.data(), rdata.size()}};
        response_service.add(&e, LOOM_ANSWER, &record);
        return loom_verdict{LOOM_ANSWERED};
    };
    plugin.join(pipeline, &sample.host.instance(plugin.table));
    WorkerGeneration generation;
    generation.pipelines.push_back(pipeline);
    generation.routers = sample.generation.routers;
    sample.worker.use(&generation);
    const SampleClient client{server.worker, SOCK_STREAM, server.bound, 4096};
    constexpr int count = 1200;
    Octets queries;
    for (int i = 0; i < count; ++i) append(queries, framed_query(101));
    client.send(queries);
    REQUIRE(run_until(server.worker, [&] { return served > 0; }));
    run_ready(server.worker);
    CHECK(served < count);
    const int large = 1 << 20;
    ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &large, sizeof large);
    Octets replies = client.receive();
    REQUIRE(replies.size() >= 2);
    const std::size_t one = 2U + dns::load_u16(replies.data());
    while (replies.size() < count * one) {
        const Octets more = client.receive();
        REQUIRE_FALSE(more.empty());
        append(replies, more);
    }
    CHECK(served == count);
    CHECK(ids_in(replies) == Ids(count, 101));
}

TEST_CASE("host/tcp_listener: without descriptors: waits instead of trying again at once") {
    TcpServer server;
    const SampleClient client = server.client();
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const int lowest = ::dup(client.fd());
    ::close(lowest);
    const rlimit none{static_cast<rlim_t>(lowest), before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    std::size_t turns = 0;
    {
        const EventLoop::Here here{server.worker};
        server.worker.context().restart();
        while (turns < 1000 && server.worker.context().poll_one() != 0) ++turns;
    }
    ::setrlimit(RLIMIT_NOFILE, &before);
    CHECK(turns < 1000);
    CHECK(server.worker.session_count() == 0);
    SUBCASE("and goes on later") {
        server.sample.advance(sample_second);
        CHECK(server.serves(client));
    }
    SUBCASE("and may go meanwhile") {
        server.worker.remove_listener(0);
        server.sample.advance(sample_second);
        CHECK(client.is_at_end());
    }
}
