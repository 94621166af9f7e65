// SPDX-License-Identifier: Apache-2.0
// An upstream on the loopback that does what a test tells it.
#pragma once

#include "test_message.hpp"

#include <netinet/in.h>

#include <cstdint>
#include <optional>
#include <string>

namespace loom::forward::test {

/// Owns a descriptor.
class Descriptor {
public:
    explicit Descriptor(int fd = -1) : fd_{fd} {}
    Descriptor(Descriptor&& other) noexcept : fd_{other.fd_} { other.fd_ = -1; }
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor() { close(); }

    int get() const { return fd_; }
    void close();

private:
    int fd_;
};

/// A query that came over UDP.
struct Datagram {
    Message message;
    sockaddr_in from{};
};

/// The upstream's end of a TCP connection.
class TcpPeer {
public:
    explicit TcpPeer(int fd) : fd_{fd} {}

    /// The next message if it is there already.
    std::optional<Message> take();
    /// Sends a message with its size.
    void send(const Message& message) { send_raw(frame(message)); }
    void send_raw(const Message& octets);
    static Message frame(const Message& message);

    void close() { fd_.close(); }
    int fd() const { return fd_.get(); }
    /// Who has connected.
    sockaddr_in address() const;
    /// Ends the connection with RST.
    void reset();

private:
    Descriptor fd_;
    Message unread_;
};

/// Listens on 127.0.0.1, on the same free port over UDP and TCP.
class ScriptedUpstream {
public:
    ScriptedUpstream();

    std::uint16_t port() const { return port_; }
    std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }

    /// The next datagram if it is there already.
    std::optional<Datagram> take();
    void send(const Datagram& to, const Message& reply);
    /// The next connection if it is there already.
    std::optional<TcpPeer> accept();

    /// Nobody listens there any more: queries are refused.
    void close_udp() { udp_.close(); }
    void close_tcp() { tcp_.close(); }
    /// Listens over UDP again, on the same port.
    void open_udp();

private:
    bool bind_both();

    Descriptor udp_, tcp_;
    std::uint16_t port_ = 0;
};

}  // namespace loom::forward::test
