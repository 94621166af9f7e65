// SPDX-License-Identifier: Apache-2.0
// Clients on the loopback for tests: all run by the thread of the test.
#pragma once

#include "../config/endpoint.hpp"
#include "../services/sample_services.hpp"
#include "socket_address.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <span>
#include <string>
#include <utility>

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace loom::host {

/// `text` without a port, as an address with one.
inline loom_address sample_address(std::string_view text, std::uint16_t port = 0) {
    loom_address address = parse_endpoint(text).value();
    address.port = port;
    return address;
}

/// The address that `fd` is bound to.
inline loom_address bound_to(int fd) {
    sockaddr_in6 raw{};
    socklen_t size = sizeof raw;
    REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&raw), &size) == 0);
    loom_address address{};
    to_loom_address(raw, address);
    return address;
}

inline bool has_ipv6_loopback() {
    sockaddr_in6 raw{};
    const socklen_t size = to_sockaddr(sample_address("::1"), raw);
    const int fd = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&raw), size) == 0;
    ::close(fd);
    return bound;
}

/// A connected socket. Reads do not block: `loop` runs until there is something.
class SampleClient {
public:
    SampleClient(EventLoop& loop, int kind, const loom_address& server, int receive_buffer = 0)
        : loop_{&loop},
          fd_{::socket(server.family == 6 ? AF_INET6 : AF_INET, kind | SOCK_CLOEXEC, 0)} {
        REQUIRE(fd_ >= 0);
        if (receive_buffer != 0)
            ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        sockaddr_in6 raw{};
        const socklen_t size = to_sockaddr(server, raw);
        REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&raw), size) == 0);
    }
    SampleClient(SampleClient&& other) noexcept
        : loop_{other.loop_}, fd_{std::exchange(other.fd_, -1)} {}
    SampleClient& operator=(SampleClient&&) = delete;
    ~SampleClient() {
        if (fd_ >= 0) ::close(fd_);
    }

    int fd() const { return fd_; }
    void send(std::span<const std::uint8_t> octets) const {
        REQUIRE(::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(octets.size()));
    }
    /// What comes next, at most `size` octets; empty at the end of the stream.
    Octets receive(std::size_t size = 65536) const {
        Octets room(size);
        ssize_t count = -1;
        const bool came = run_until(*loop_, [&] {
            count = ::recv(fd_, room.data(), room.size(), MSG_DONTWAIT);
            return count >= 0 || errno != EAGAIN;
        });
        REQUIRE(came);
        room.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
        return room;
    }
    /// Whether the server has closed the connection, and nothing came before.
    bool is_at_end() const { return receive(1).empty(); }
    /// Nothing to read now.
    bool is_silent() const {
        std::uint8_t octet = 0;
        return ::recv(fd_, &octet, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
    }

private:
    EventLoop* loop_;
    int fd_;
};

}  // namespace loom::host
