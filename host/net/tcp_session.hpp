// SPDX-License-Identifier: Apache-2.0
// One TCP connection with a client (RFC 7766).
#pragma once

#include "send_queue.hpp"
#include "tcp_framer.hpp"
#include "../pipeline/exchange.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>

namespace loom::host {

class Worker;

/// Reads once, serves every whole query of what it got, sends all answers at once. Answers of
/// suspended queries follow in the order in which they come.
class TcpSession : public std::enable_shared_from_this<TcpSession> {
public:
    /// Takes over `fd`, a connected socket.
    TcpSession(Worker& worker, std::uint32_t listener, int fd);
    void start();

    std::uint32_t listener() const { return listener_; }
    bool is_idle() const { return !closed_ && in_flight_ == 0 && out_.is_empty(); }
    bool is_closed() const { return closed_; }

    /// A suspended query will answer here. let_go() ends that.
    void hold();
    void let_go();
    /// The reply of `size` octets that stands in the worker's large room.
    void send(std::size_t size);
    /// The query gets no reply.
    void drop() {}
    void flush();

    /// Takes no more queries; closes when all are answered.
    void close_when_idle();
    void close();

    std::list<std::shared_ptr<TcpSession>>::iterator place;  ///< In the worker's list.

private:
    void wait_readable();
    void on_readable();
    void serve_input();
    void serve(std::span<const std::uint8_t> message);
    bool is_held_back() const;
    void go_on();
    void on_idle();
    void touch();

    Worker& worker_;
    std::uint32_t listener_;
    boost::asio::posix::stream_descriptor socket_;
    loom_address client_{};
    loom_address local_{};
    TcpFramer framer_;
    SendQueue out_;
    std::uint32_t in_flight_ = 0;
    std::uint64_t active_ns_ = 0;  // The last whole query, or the last answer.
    std::uint64_t idle_timer_ = 0;
    bool reading_ = false;
    bool writing_ = false;   // Waits for room in the socket.
    bool unsent_ = false;    // In the worker's list of those to flush.
    bool serving_ = false;
    bool finishing_ = false; // No more queries are taken.
    bool closed_ = false;
};

}  // namespace loom::host
