// SPDX-License-Identifier: Apache-2.0
// A TCP connection to one upstream with several queries under way (RFC 7766).
#pragma once

#include "endpoint.hpp"
#include "exchange.hpp"
#include "inflight_table.hpp"
#include "message_codec.hpp"
#include "random_ids.hpp"
#include "tls_channel.hpp"
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
    /// It takes queries; over TLS, the handshake is done.
    virtual void on_tcp_open(TcpConnection&) = 0;
    /// A message came; it may be none that anybody waits for.
    virtual void on_tcp_reply(TcpConnection&, std::span<const std::uint8_t> message) = 0;
    /// The upstream refuses one query; the connection goes on.
    virtual void on_tcp_refused(TcpConnection&, std::uint16_t id, const Failure& why) = 0;
    /// The connection ended, once; `network` with errno 0: the peer closed it in good order. The
    /// queries under way are still in inflight().
    virtual void on_tcp_closed(TcpConnection&, const Failure& why) = 0;

protected:
    ~TcpEvents() = default;
};

/// How long connections are kept.
struct ConnectionLimits {
    std::chrono::nanoseconds expire{};   ///< Idle.
    std::chrono::nanoseconds max_age{};  ///< In all; 0: for ever.
};

/// Over TCP, or TLS over TCP (RFC 7858).
class TcpConnection final : public WatchedSocket {
public:
    static constexpr std::size_t inflight_max = 256;

    /// What of its pool a connection needs.
    struct Setup {
        Host host;
        std::uint32_t where;
        std::size_t upstream;
        ConnectionLimits limits;
        TcpEvents* events;
    };

    /// Begins to connect; an errno on failure. `tls` null: none.
    [[nodiscard]] static std::expected<std::unique_ptr<TcpConnection>, int>
    open(const Setup& setup, const Endpoint& endpoint, std::unique_ptr<TlsChannel> tls);

    TcpConnection(
        const Setup& setup,
        int fd,
        std::unique_ptr<MessageCodec> codec,
        std::unique_ptr<TlsChannel> tls);

    std::size_t upstream() const { return upstream_; }
    /// Null: there is no TLS.
    const TlsChannel* tls() const { return tls_.get(); }
    bool is_open() const { return state_ == State::open; }
    bool is_closed() const { return state_ == State::closed; }
    /// Whether it takes another query.
    bool is_usable() const {
        return !is_closed() && !draining_ && !inflight_.full() && !codec_->is_ending();
    }

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
    void close_with(const Failure& why);
    void close_with(int error) { close_with({Failure::Kind::network, 0, error}); }

private:
    enum class State : std::uint8_t { connecting, shaking_hands, open, closed };

    void on_ready(std::uint32_t events) override;
    bool finish_connecting();
    void shake_hands();
    void become_open();
    void receive();
    void receive_plain();
    void receive_tls();
    bool read_tls();
    bool take(std::size_t size);
    void encrypt();
    std::span<const std::uint8_t> outgoing();
    int send_outgoing();
    void settle();

    TcpEvents& events_;
    std::size_t upstream_;
    ConnectionLimits limits_;
    State state_ = State::connecting;
    bool draining_ = false;
    InflightTable inflight_{inflight_max};
    std::unique_ptr<MessageCodec> codec_;
    std::unique_ptr<TlsChannel> tls_;
    Timer idle_;
    Timer old_;
};

/// The connections of one worker to one upstream.
class TcpPool {
public:
    static constexpr std::size_t connections_max = 8;

    /// `contexts` null: the upstream is asked without TLS.
    TcpPool(TcpConnection::Setup setup, Endpoint endpoint, const TlsContexts* contexts)
        : setup_{std::move(setup)}, endpoint_{std::move(endpoint)}, contexts_{contexts} {}

    /// The least busy connection, or a new one; an errno if there is none.
    std::expected<TcpConnection*, int> pick();
    /// Frees connections that ended. Not from within their events.
    void collect();
    /// Lets all of them end when nothing is under way.
    void drain();
    bool empty() const { return connections_.empty(); }

private:
    /// Busier than this, and another connection is opened.
    static constexpr std::size_t busy = 32;

    std::expected<std::unique_ptr<TcpConnection>, int> open();

    TcpConnection::Setup setup_;
    Endpoint endpoint_;
    const TlsContexts* contexts_;
    TlsSessions sessions_;  // Outlives the connections.
    std::vector<std::unique_ptr<TcpConnection>> connections_;
};

}  // namespace loom::forward
