// SPDX-License-Identifier: Apache-2.0
#include "scripted_upstream.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace loom::forward::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

[[noreturn]] void fail(const char* what) {
    throw std::system_error{errno, std::generic_category(), what};
}

bool bind_to(int fd, std::uint16_t port) {
    const auto address = loopback(port);
    return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::uint16_t port_of(int fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) fail("getsockname");
    return ntohs(address.sin_port);
}

int make_socket(int type) {
    const int fd = ::socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    return fd;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    close();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
}

void Descriptor::close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::optional<Message> TcpPeer::take() {
    std::array<std::uint8_t, 4096> buffer;
    for (;;) {
        const auto n = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
        if (n <= 0) break;
        unread_.insert(unread_.end(), buffer.begin(), buffer.begin() + n);
    }
    if (unread_.size() < 2 || unread_.size() < std::size_t{2} + u16_at(unread_, 0))
        return std::nullopt;
    const auto end = unread_.begin() + 2 + u16_at(unread_, 0);
    Message message{unread_.begin() + 2, end};
    unread_.erase(unread_.begin(), end);
    return message;
}

void TcpPeer::send_raw(const Message& octets) {
    if (::send(fd_.get(), octets.data(), octets.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(octets.size()))
        fail("send");
}

Message TcpPeer::frame(const Message& message) {
    Message framed(2 + message.size());
    framed[0] = static_cast<std::uint8_t>(message.size() >> 8U);
    framed[1] = static_cast<std::uint8_t>(message.size());
    std::copy(message.begin(), message.end(), framed.begin() + 2);
    return framed;
}

sockaddr_in TcpPeer::address() const {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(fd_.get(), reinterpret_cast<sockaddr*>(&peer), &size) != 0)
        fail("getpeername");
    return peer;
}

void TcpPeer::reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd_.close();
}

ScriptedUpstream::ScriptedUpstream() {
    for (int attempt = 0; attempt < 50; ++attempt)
        if (bind_both()) return;
    throw std::runtime_error{"no port is free"};
}

bool ScriptedUpstream::bind_both() {
    udp_ = Descriptor{make_socket(SOCK_DGRAM)};
    if (!bind_to(udp_.get(), 0)) fail("bind");
    port_ = port_of(udp_.get());
    tcp_ = Descriptor{make_socket(SOCK_STREAM)};
    return bind_to(tcp_.get(), port_) && ::listen(tcp_.get(), 16) == 0;
}

void ScriptedUpstream::open_udp() {
    udp_ = Descriptor{make_socket(SOCK_DGRAM)};
    if (!bind_to(udp_.get(), port_)) fail("bind");
}

std::optional<Datagram> ScriptedUpstream::take() {
    Datagram datagram{.message = Message(65535)};
    socklen_t size = sizeof datagram.from;
    const auto n = ::recvfrom(
        udp_.get(),
        datagram.message.data(),
        datagram.message.size(),
        0,
        reinterpret_cast<sockaddr*>(&datagram.from),
        &size);
    if (n < 0) return std::nullopt;
    datagram.message.resize(static_cast<std::size_t>(n));
    return datagram;
}

void ScriptedUpstream::send(const Datagram& to, const Message& reply) {
    const auto n = ::sendto(
        udp_.get(),
        reply.data(),
        reply.size(),
        0,
        reinterpret_cast<const sockaddr*>(&to.from),
        sizeof to.from);
    if (n != static_cast<ssize_t>(reply.size())) fail("sendto");
}

std::optional<TcpPeer> ScriptedUpstream::accept() {
    const int fd = ::accept4(tcp_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return std::nullopt;
    return TcpPeer{fd};
}

}  // namespace loom::forward::test
