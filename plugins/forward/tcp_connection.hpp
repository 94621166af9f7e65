// SPDX-License-Identifier: Apache-2.0
// A TCP connection to one upstream with several queries under way (RFC 7766).
#pragma once

#include "exchange.hpp"
#include "inflight_table.hpp"
#include "random_ids.hpp"
#include "tcp_framing.hpp"
#include "watched_socket.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace loom::forward {

/// Who is told what happens on a connection.
class TcpEvents {
public:
    /// A message came; it may be none that anybody waits for.
    virtual void on_tcp_reply(TcpConnection&, std::span<const std::uint8_t> message) = 0;
    /// The connection ended, once; `error` is an errno, 0 if the peer closed it in good order. The
    /// queries under way are still in inflight().
    virtual void on_tcp_closed(TcpConnection&, int error) = 0;

protected:
    ~TcpEvents() = default;
};

class TcpConnection final : public WatchedSocket {
public:
    static constexpr std::size_t inflight_max = 256;

    /// Begins to connect; an errno on failure. Idle for `expire`, it closes.
    [[nodiscard]] static std::expected<std::unique_ptr<TcpConnection>, int> open(
        const Host& host,
        std::uint32_t where,
        const loom_address& address,
        std::size_t upstream,
        std::chrono::nanoseconds expire,
        TcpEvents& events);

    TcpConnection(
        const Host& host,
        std::uint32_t where,
        int fd,
        std::size_t upstream,
        std::chrono::nanoseconds expire,
        TcpEvents& events)
        : WatchedSocket{host, where, fd},
          events_{events},
          upstream_{upstream},
          expire_{expire},
          idle_{host, where, [this] { close_with(0); }} {}

    std::size_t upstream() const { return upstream_; }
    bool is_open() const { return state_ == State::open; }
    bool is_closed() const { return state_ == State::closed; }
    /// Whether it takes another query.
    bool is_usable() const { return !is_closed() && !draining_ && !inflight_.full(); }

    /// Puts a query into the next flush(), under a new id; nothing when too many are under way.
    std::optional<std::uint16_t>
    enlist(std::uint32_t exchange, OutgoingQuery& query, RandomIds& ids);
    /// Waits for the reply no more.
    void forget(std::uint16_t id);
    const InflightTable& inflight() const { return inflight_; }

    /// Sends what it can now, and the rest when there is room.
    void flush();
    /// Takes no more queries, and closes when none is under way: it does not answer.
    void drain();
    /// Ends it; on_tcp_closed() is called from within.
    void close_with(int error);

private:
    enum class State : std::uint8_t { connecting, open, closed };

    void on_ready(std::uint32_t events) override;
    bool finish_connecting();
    void receive();
    void settle();

    TcpEvents& events_;
    std::size_t upstream_;
    std::chrono::nanoseconds expire_;
    State state_ = State::connecting;
    bool draining_ = false;
    InflightTable inflight_{inflight_max};
    FrameReader reader_;
    FrameWriter writer_;
    Timer idle_;
};

/// The connections of one worker to one upstream.
class TcpPool {
public:
    static constexpr std::size_t connections_max = 8;

    TcpPool(
        const Host& host,
        std::uint32_t where,
        const loom_address& address,
        std::size_t upstream,
        std::chrono::nanoseconds expire,
        TcpEvents& events)
        : host_{host},
          where_{where},
          address_{address},
          upstream_{upstream},
          expire_{expire},
          events_{events} {}

    /// The least busy connection, or a new one; an errno if there is none.
    std::expected<TcpConnection*, int> pick();
    /// Frees connections that ended. Not from within their events.
    void collect();

private:
    /// Busier than this, and another connection is opened.
    static constexpr std::size_t busy = 32;

    Host host_;
    std::uint32_t where_;
    loom_address address_;
    std::size_t upstream_;
    std::chrono::nanoseconds expire_;
    TcpEvents& events_;
    std::vector<std::unique_ptr<TcpConnection>> connections_;
};

}  // namespace loom::forward
