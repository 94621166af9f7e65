// SPDX-License-Identifier: Apache-2.0
#include "listen_sockets.hpp"

#include "socket_address.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace loom::host {

namespace {

void set(int fd, int level, int option, int value) {
    ::setsockopt(fd, level, option, &value, sizeof value);
}

std::string explain(int error, const loom_address& address) {
    std::string text = std::strerror(error);
    if (error == EACCES && address.port < 1024)
        text += ": ports below 1024 need root or CAP_NET_BIND_SERVICE";
    if (error == EADDRINUSE) text += ": another process listens there";
    if (error == EADDRNOTAVAIL) text += ": no interface has this address";
    return text;
}

std::unexpected<Error> fail(const Listen& listen, int error) {
    return std::unexpected{Error{
        fmt::format("{}: cannot listen: {}", to_string(listen), explain(error, listen.address))}};
}

// What is known of the path is forged too easily to be believed, so datagrams are never fragmented
// for it (RFC 9715 section 3.1), unless the operator wants some that are larger than Ethernet takes.
void set_fragmentation(int fd, bool ipv6, std::uint16_t udp_size) {
    constexpr std::uint16_t ethernet_room = 1432;
    const bool whole = udp_size <= ethernet_room;
    if (ipv6) {
        set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, whole ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_OMIT);
    } else {
        set(fd, IPPROTO_IP, IP_MTU_DISCOVER, whole ? IP_PMTUDISC_PROBE : IP_PMTUDISC_OMIT);
    }
}

void prepare(int fd, int kind, const loom_address& address, std::uint16_t udp_size) {
    const bool ipv6 = address.family == 6;
    if (ipv6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (kind == SOCK_STREAM) {
        set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        return;
    }
    // Bursts wait here while a worker runs something else.
    constexpr int buffer = 4 << 20;
    set(fd, SOL_SOCKET, SO_RCVBUF, buffer);
    set(fd, SOL_SOCKET, SO_SNDBUF, buffer);
    // The address that a datagram came to: the kernel looks it up for each, so only where needed.
    const int wildcard = is_wildcard(address) ? 1 : 0;
    if (ipv6) {
        set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, wildcard);
    } else {
        set(fd, IPPROTO_IP, IP_PKTINFO, wildcard);
    }
    set_fragmentation(fd, ipv6, udp_size);
}

// -1 and errno on failure.
int open_socket(int kind, const loom_address& address, std::uint16_t udp_size, bool shared) {
    const int family = address.family == 6 ? AF_INET6 : AF_INET;
    const int fd = ::socket(family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    prepare(fd, kind, address, udp_size);
    if (shared) set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    sockaddr_in6 raw{};
    const socklen_t size = to_sockaddr(address, raw);
    constexpr int backlog = 1024;
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&raw), size) == 0 &&
        (kind != SOCK_STREAM || ::listen(fd, backlog) == 0))
        return fd;
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
}

loom_address bound_address(int fd) {
    sockaddr_in6 raw{};
    socklen_t size = sizeof raw;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&raw), &size);
    loom_address address{};
    to_loom_address(raw, address);
    return address;
}

// One socket a worker, so that the kernel spreads the load. Returns errno, 0 if all is well.
int open_for_workers(
    int kind, loom_address& address, std::uint32_t workers, std::uint16_t udp_size,
    InheritedSockets& inherited, std::vector<int>& out) {
    if (const int given = inherited.take(kind, address); given >= 0) {
        ::fcntl(given, F_SETFL, ::fcntl(given, F_GETFL) | O_NONBLOCK);
        ::fcntl(given, F_SETFD, FD_CLOEXEC);
        prepare(given, kind, address, udp_size);
        out.push_back(given);
        while (out.size() < workers) {
            const int copy = ::fcntl(given, F_DUPFD_CLOEXEC, 3);
            if (copy < 0) return errno;
            out.push_back(copy);
        }
        return 0;
    }
    if (workers > 1 && address.port != 0) {
        // Shared ports would also be shared with a stranger of the same user: look first.
        const int alone = open_socket(kind, address, udp_size, false);
        if (alone < 0) return errno;
        ::close(alone);
    }
    for (std::uint32_t i = 0; i < workers; ++i) {
        const int fd = open_socket(kind, address, udp_size, workers > 1);
        if (fd < 0) return errno;
        out.push_back(fd);
        if (address.port == 0) address = bound_address(fd);
    }
    return 0;
}

}  // namespace

ListenSockets::ListenSockets(ListenSockets&& other) noexcept
    : udp{std::move(other.udp)}, tcp{std::move(other.tcp)}, bound{other.bound} {
    other.udp.clear();
    other.tcp.clear();
}

ListenSockets& ListenSockets::operator=(ListenSockets&& other) noexcept {
    udp.swap(other.udp);
    tcp.swap(other.tcp);
    std::swap(bound, other.bound);
    return *this;
}

ListenSockets::~ListenSockets() { close_all(); }

void ListenSockets::close_all() {
    for (const int fd : udp)
        if (fd >= 0) ::close(fd);
    for (const int fd : tcp)
        if (fd >= 0) ::close(fd);
}

InheritedSockets InheritedSockets::from_environment() {
    InheritedSockets sockets;
    const auto number = [](const char* name) {
        const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread.
        int value = 0;
        if (text) std::from_chars(text, text + std::strlen(text), value);
        return value;
    };
    constexpr int first = 3;
    constexpr int count_max = 256;
    if (number("LISTEN_PID") == ::getpid()) {
        const int count = std::min(number("LISTEN_FDS"), count_max);
        for (int fd = first; fd < first + count; ++fd) sockets.descriptors_.push_back(fd);
    }
    ::unsetenv("LISTEN_PID");
    ::unsetenv("LISTEN_FDS");
    ::unsetenv("LISTEN_FDNAMES");
    return sockets;
}

InheritedSockets::~InheritedSockets() {
    for (const int fd : descriptors_) ::close(fd);
}

int InheritedSockets::take(int kind, const loom_address& address) {
    for (auto at = descriptors_.begin(); at != descriptors_.end(); ++at) {
        int its_kind = 0;
        socklen_t size = sizeof its_kind;
        if (::getsockopt(*at, SOL_SOCKET, SO_TYPE, &its_kind, &size) != 0 || its_kind != kind)
            continue;
        const loom_address its = bound_address(*at);
        if (its.port != address.port || std::memcmp(its.ip, address.ip, sizeof its.ip) != 0)
            continue;
        const int fd = *at;
        descriptors_.erase(at);
        return fd;
    }
    return -1;
}

Result<ListenSockets> open_listen_sockets(
    const Listen& listen, std::uint32_t workers, std::uint16_t udp_size,
    InheritedSockets& inherited) {
    // With port 0 the system chooses for TCP, and the same may be taken for UDP: try another.
    constexpr int tries_max = 16;
    for (int tries = 1;; ++tries) {
        ListenSockets sockets;
        sockets.bound = listen.address;
        int error = 0;
        if (listen.has_tcp())
            error = open_for_workers(
                SOCK_STREAM, sockets.bound, workers, udp_size, inherited, sockets.tcp);
        if (error == 0 && listen.has_udp())
            error = open_for_workers(
                SOCK_DGRAM, sockets.bound, workers, udp_size, inherited, sockets.udp);
        if (error == 0) return sockets;
        const bool again =
            error == EADDRINUSE && listen.address.port == 0 && tries < tries_max;
        if (!again) return fail(listen, error);
    }
}

}  // namespace loom::host
