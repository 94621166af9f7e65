// SPDX-License-Identifier: Apache-2.0
#include "listen_sockets.hpp"
#include "socket_address.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>

using namespace loom::host;

namespace {

Listen listen_on(std::string_view text) { return parse_listen(text).value().front(); }

loom_address name_of(int fd) {
    sockaddr_in6 raw{};
    socklen_t size = sizeof raw;
    REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&raw), &size) == 0);
    loom_address address{};
    to_loom_address(raw, address);
    return address;
}

int option(int fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    REQUIRE(::getsockopt(fd, level, name, &value, &size) == 0);
    return value;
}

Result<ListenSockets> open_sockets(const Listen& listen, std::uint32_t workers = 1) {
    InheritedSockets none;
    return open_listen_sockets(listen, workers, 1232, none);
}

Listen with_port(Listen listen, std::uint16_t port) {
    listen.address.port = port;
    return listen;
}

// Puts `fd` where the service manager puts its first descriptor, while it lives.
class AsDescriptor3 {
public:
    explicit AsDescriptor3(int fd) : saved_{::fcntl(3, F_DUPFD_CLOEXEC, 10)} {
        REQUIRE(::dup2(fd, 3) == 3);
    }
    ~AsDescriptor3() {
        if (saved_ >= 0) {
            ::dup2(saved_, 3);
            ::close(saved_);
        }
    }
    AsDescriptor3(const AsDescriptor3&) = delete;
    AsDescriptor3& operator=(const AsDescriptor3&) = delete;

private:
    int saved_;
};

}  // namespace

TEST_CASE("host/listen_sockets: port 0: is the same free port for UDP and TCP") {
    const auto sockets = open_sockets(listen_on("dns://127.0.0.1:0"));
    REQUIRE(sockets);
    REQUIRE(sockets->udp.size() == 1);
    REQUIRE(sockets->tcp.size() == 1);
    CHECK(sockets->bound.port != 0);
    CHECK(name_of(sockets->udp[0]).port == sockets->bound.port);
    CHECK(name_of(sockets->tcp[0]).port == sockets->bound.port);
}

TEST_CASE("host/listen_sockets: several workers: have a socket of each kind on one port") {
    const auto sockets = open_sockets(listen_on("dns://127.0.0.1:0"), 3);
    REQUIRE(sockets);
    CHECK(sockets->udp.size() == 3);
    CHECK(sockets->tcp.size() == 3);
    for (const int fd : sockets->udp) CHECK(name_of(fd).port == sockets->bound.port);
    for (const int fd : sockets->tcp) CHECK(name_of(fd).port == sockets->bound.port);
}

TEST_CASE("host/listen_sockets: udp and tcp: open one kind only") {
    const auto udp = open_sockets(listen_on("udp://127.0.0.1:0"));
    REQUIRE(udp);
    CHECK(udp->udp.size() == 1);
    CHECK(udp->tcp.empty());
    const auto tcp = open_sockets(listen_on("tcp://127.0.0.1:0"));
    REQUIRE(tcp);
    CHECK(tcp->udp.empty());
    CHECK(tcp->tcp.size() == 1);
    CHECK(option(tcp->tcp[0], SOL_SOCKET, SO_ACCEPTCONN) == 1);
}

TEST_CASE("host/listen_sockets: sockets: do not block and are not inherited by children") {
    const auto sockets = open_sockets(listen_on("dns://127.0.0.1:0"));
    REQUIRE(sockets);
    for (const int fd : {sockets->udp[0], sockets->tcp[0]}) {
        CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
        CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
}

TEST_CASE("host/listen_sockets: a port in use: is an error that begins with the Listen") {
    for (const std::uint32_t workers : {1U, 2U}) {
        const auto first = open_sockets(listen_on("dns://127.0.0.1:0"), workers);
        REQUIRE(first);
        const Listen same = with_port(listen_on("dns://127.0.0.1:0"), first->bound.port);
        for (const std::uint32_t others : {1U, 2U}) {
            const auto second = open_sockets(same, others);
            REQUIRE_FALSE(second);
            CHECK(second.error().text.starts_with(to_string(same) + ": cannot listen: "));
            CHECK(second.error().text.ends_with(": another process listens there"));
        }
    }
}

TEST_CASE("host/listen_sockets: only TCP in use: UDP is closed again") {
    const auto tcp = open_sockets(listen_on("tcp://127.0.0.1:0"));
    REQUIRE(tcp);
    CHECK_FALSE(open_sockets(with_port(listen_on("dns://127.0.0.1:0"), tcp->bound.port)));
    CHECK(open_sockets(with_port(listen_on("udp://127.0.0.1:0"), tcp->bound.port)));
}

TEST_CASE("host/listen_sockets: an address that no interface has: is said so") {
    const auto sockets = open_sockets(listen_on("dns://192.0.2.1:0"));
    REQUIRE_FALSE(sockets);
    CHECK(sockets.error().text.ends_with(": no interface has this address"));
}

TEST_CASE("host/listen_sockets: the object: closes its sockets, but for those taken") {
    int kept = -1;
    int taken = -1;
    {
        auto sockets = open_sockets(listen_on("dns://127.0.0.1:0"));
        REQUIRE(sockets);
        kept = sockets->tcp[0];
        taken = std::exchange(sockets->udp[0], -1);
        const ListenSockets moved = std::move(*sockets);
        CHECK(::fcntl(kept, F_GETFD) >= 0);
    }
    CHECK(::fcntl(kept, F_GETFD) < 0);
    CHECK(::fcntl(taken, F_GETFD) >= 0);
    ::close(taken);
}

TEST_CASE("host/listen_sockets: inherited: a socket of the same kind and address is used") {
    auto given = open_sockets(listen_on("udp://127.0.0.1:0"));
    REQUIRE(given);
    const Listen listen = with_port(listen_on("udp://127.0.0.1:0"), given->bound.port);
    const AsDescriptor3 place{given->udp[0]};
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::setenv("LISTEN_FDS", "1", 1);
    auto inherited = InheritedSockets::from_environment();
    CHECK(::getenv("LISTEN_PID") == nullptr);
    CHECK(::getenv("LISTEN_FDS") == nullptr);
    CHECK(inherited.take(SOCK_STREAM, listen.address) == -1);
    CHECK(inherited.take(SOCK_DGRAM, with_port(listen, 1).address) == -1);
    const auto sockets = open_listen_sockets(listen, 2, 1232, inherited);
    REQUIRE(sockets);
    REQUIRE(sockets->udp.size() == 2);
    CHECK(sockets->udp[0] == 3);
    CHECK(name_of(sockets->udp[1]).port == listen.address.port);
    CHECK((::fcntl(3, F_GETFL) & O_NONBLOCK) != 0);
    CHECK(inherited.take(SOCK_DGRAM, listen.address) == -1);
}

TEST_CASE("host/listen_sockets: inherited: what is meant for another process is left alone") {
    ::setenv("LISTEN_PID", "1", 1);
    ::setenv("LISTEN_FDS", "1", 1);
    auto given = open_sockets(listen_on("udp://127.0.0.1:0"));
    REQUIRE(given);
    auto inherited = InheritedSockets::from_environment();
    CHECK(inherited.take(SOCK_DGRAM, given->bound) == -1);
    CHECK(::getenv("LISTEN_FDS") == nullptr);
}
