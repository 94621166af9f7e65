// SPDX-License-Identifier: Apache-2.0
#include "endpoint.hpp"

#include <dnsloom/dns/address_text.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>

namespace loom::forward {
namespace {

constexpr std::uint16_t dns_port = 53;
constexpr std::size_t v4_offset = 12;  // In a v4-mapped address.

}  // namespace

Endpoint make_endpoint(const loom_address& address) {
    Endpoint endpoint{.address = address, .text = {}};
    if (endpoint.address.port == 0) endpoint.address.port = dns_port;
    const std::span ip{endpoint.address.ip};
    if (address.family == 4) {
        dns::append_ipv4(ip.subspan<v4_offset, 4>(), endpoint.text);
    } else {
        endpoint.text = "[";
        dns::append_ipv6(ip, endpoint.text);
        if (address.scope != 0) endpoint.text += "%" + std::to_string(address.scope);
        endpoint.text += "]";
    }
    endpoint.text += ":" + std::to_string(endpoint.address.port);
    return endpoint;
}

SocketAddress::SocketAddress(const loom_address& address) {
    if (address.family == 4) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(address.port);
        std::memcpy(&v4.sin_addr, address.ip + v4_offset, sizeof v4.sin_addr);
        std::memcpy(&storage, &v4, sizeof v4);
        size = sizeof v4;
        return;
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    v6.sin6_scope_id = address.scope;
    std::memcpy(&v6.sin6_addr, address.ip, sizeof v6.sin6_addr);
    std::memcpy(&storage, &v6, sizeof v6);
    size = sizeof v6;
}

namespace {

/// Leaves the port to connect(): the kernel then takes a random one of its whole ephemeral range.
int bind_source(int fd, const loom_address& address) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const SocketAddress source{address};
    return ::bind(fd, source.get(), source.size) == 0 ? 0 : errno;
}

}  // namespace

int try_source(const loom_address& address) {
    const SocketAddress source{address};
    const int fd = ::socket(source.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    const int error = bind_source(fd, address);
    ::close(fd);
    return error;
}

int open_connected(const Endpoint& endpoint, int type) {
    const SocketAddress peer{endpoint.address};
    const int fd = ::socket(peer.storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    const int on = 1;
    if (type == SOCK_STREAM) ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int error = endpoint.source.family != 0 ? bind_source(fd, endpoint.source) : 0;
    if (error == 0 && ::connect(fd, peer.get(), peer.size) != 0 && errno != EINPROGRESS)
        error = errno;
    if (error == 0) return fd;
    ::close(fd);
    return -error;
}

std::string describe_errno(int error) {
    const char* text = ::strerrordesc_np(error);  // Unlike strerror() without state.
    return text ? text : "error " + std::to_string(error);
}

}  // namespace loom::forward
