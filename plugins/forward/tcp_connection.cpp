// SPDX-License-Identifier: Apache-2.0
#include "tcp_connection.hpp"

#include "http_codec.hpp"
#include "padding.hpp"
#include "tcp_framing.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace loom::forward {
namespace {

bool is_temporary(int error) { return error == EAGAIN || error == EINTR; }

int socket_error(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
    return error;
}

std::unique_ptr<MessageCodec> make_codec(const Endpoint& endpoint) {
    if (endpoint.transport == Transport::https) return std::make_unique<HttpCodec>(endpoint);
    return std::make_unique<FrameCodec>();
}

}  // namespace

std::expected<std::unique_ptr<TcpConnection>, int>
TcpConnection::open(const Setup& setup, const Endpoint& endpoint, std::unique_ptr<TlsChannel> tls) {
    const int fd = open_connected(endpoint, SOCK_STREAM);
    if (fd < 0) return std::unexpected{-fd};
    auto connection =
        std::make_unique<TcpConnection>(setup, fd, make_codec(endpoint), std::move(tls));
    if (!connection->wait_for(LOOM_FD_READABLE | LOOM_FD_WRITABLE)) return std::unexpected{ENOSPC};
    return connection;
}

TcpConnection::TcpConnection(
    const Setup& setup,
    int fd,
    std::unique_ptr<MessageCodec> codec,
    std::unique_ptr<TlsChannel> tls)
    : WatchedSocket{setup.host, setup.where, fd},
      events_{*setup.events},
      upstream_{setup.upstream},
      limits_{setup.limits},
      codec_{std::move(codec)},
      tls_{std::move(tls)},
      idle_{setup.host, setup.where, [this] { close_with(0); }},
      old_{setup.host, setup.where, [this] { drain(); }} {
    if (limits_.max_age.count() != 0) old_.arm(limits_.max_age);
}

std::optional<std::uint16_t>
TcpConnection::enlist(std::uint32_t exchange, OutgoingQuery& query, RandomIds& ids) {
    const auto id = inflight_.enter(exchange, ids);
    if (!id) return id;
    idle_.cancel();
    query.set_id(*id);
    PaddedQuery room;
    codec_->add(tls_ ? pad(query, room) : query.octets());
    return id;
}

void TcpConnection::forget(std::uint16_t id) {
    if (inflight_.erase(id)) settle();
}

void TcpConnection::drain() {
    draining_ = true;
    settle();
}

void TcpConnection::settle() {
    if (is_closed() || !inflight_.empty()) return;
    // Through the timer even when it is to end now: the caller may be one of its own events.
    idle_.arm(draining_ || codec_->is_ending() ? std::chrono::nanoseconds{} : limits_.expire);
}

void TcpConnection::flush() {
    if (is_closed() || state_ == State::connecting) return;
    if (is_open() && tls_) encrypt();
    if (is_closed()) return;
    if (const int error = send_outgoing(); error != 0) return close_with(error);
    const std::uint32_t writable = outgoing().empty() ? 0 : LOOM_FD_WRITABLE;
    if (!wait_for(LOOM_FD_READABLE | writable)) close_with(ENOSPC);
}

void TcpConnection::encrypt() {
    for (auto octets = codec_->unsent(); !octets.empty(); octets = codec_->unsent()) {
        if (!tls_->write(octets)) return close_with({Failure::Kind::tls, 0, 0});
        codec_->sent(octets.size());
    }
}

std::span<const std::uint8_t> TcpConnection::outgoing() {
    return tls_ ? tls_->unsent() : codec_->unsent();
}

/// An errno, 0 if all is well, be it that the socket takes no more now.
int TcpConnection::send_outgoing() {
    for (auto octets = outgoing(); !octets.empty(); octets = outgoing()) {
        const auto n = ::send(fd(), octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0) return is_temporary(errno) ? 0 : errno;
        if (tls_)
            tls_->sent(static_cast<std::size_t>(n));
        else
            codec_->sent(static_cast<std::size_t>(n));
    }
    return 0;
}

bool TcpConnection::finish_connecting() {
    if (const int error = socket_error(fd()); error != 0) {
        close_with(error);
        return false;
    }
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(fd(), reinterpret_cast<sockaddr*>(&peer), &size) != 0) return false;
    if (tls_) {
        state_ = State::shaking_hands;
        shake_hands();
    } else {
        become_open();
    }
    return !is_closed();
}

void TcpConnection::shake_hands() {
    const auto done = tls_->shake_hands();
    if (!done) {
        send_outgoing();  // The alert that says why.
        return close_with(done.error());
    }
    if (*done) become_open();
    flush();
}

void TcpConnection::become_open() {
    state_ = State::open;
    events_.on_tcp_open(*this);
}

void TcpConnection::on_ready(std::uint32_t events) {
    if (is_closed()) return;
    if (state_ == State::connecting && !finish_connecting()) return;
    if ((events & LOOM_FD_WRITABLE) != 0) flush();
    if (!is_closed() && (events & LOOM_FD_READABLE) != 0) receive();
}

void TcpConnection::receive() {
    if (tls_)
        receive_tls();
    else
        receive_plain();
}

void TcpConnection::receive_plain() {
    const auto room = codec_->room();
    const auto n = ::recv(fd(), room.data(), room.size(), MSG_DONTWAIT);
    if (n < 0 && is_temporary(errno)) return;
    if (n <= 0) return close_with(n < 0 ? errno : 0);
    take(static_cast<std::size_t>(n));
}

void TcpConnection::receive_tls() {
    std::array<std::uint8_t, 16384> octets;
    const auto n = ::recv(fd(), octets.data(), octets.size(), MSG_DONTWAIT);
    if (n < 0 && is_temporary(errno)) return;
    if (n < 0) return close_with(errno);
    if (n == 0)
        return close_with(
            is_open() ? Failure{Failure::Kind::network, 0, 0} : Failure{Failure::Kind::tls, 0, 0});
    tls_->receive(std::span{octets}.first(static_cast<std::size_t>(n)));
    if (state_ == State::shaking_hands) shake_hands();
    // What is read may call for an answer, such as to a change of keys.
    if (is_open() && read_tls()) flush();
}

/// False: the connection was closed.
bool TcpConnection::read_tls() {
    for (;;) {
        const auto n = tls_->read(codec_->room());
        if (!n) {
            send_outgoing();
            close_with(n.error());
            return false;
        }
        if (*n == 0) return true;
        if (!take(*n)) return false;
    }
}

/// Hands on what is complete with `size` octets more. False: the connection was closed.
bool TcpConnection::take(std::size_t size) {
    if (const auto failure = codec_->filled(size)) {
        close_with(*failure);
        return false;
    }
    while (const auto incoming = codec_->next()) {
        if (incoming->failure)
            events_.on_tcp_refused(*this, incoming->failed_id, *incoming->failure);
        else
            events_.on_tcp_reply(*this, incoming->message);
        if (is_closed()) return false;
    }
    return true;
}

void TcpConnection::close_with(const Failure& why) {
    if (is_closed()) return;
    if (tls_ && is_open()) {
        tls_->say_goodbye();
        send_outgoing();
    }
    state_ = State::closed;
    idle_.cancel();
    old_.cancel();
    close();
    events_.on_tcp_closed(*this, why);
}

std::expected<TcpConnection*, int> TcpPool::pick() {
    TcpConnection* best = nullptr;
    for (const auto& connection : connections_) {
        if (!connection->is_usable()) continue;
        if (!best || connection->inflight().size() < best->inflight().size())
            best = connection.get();
    }
    if (best && (best->inflight().size() < busy || connections_.size() >= connections_max))
        return best;
    if (connections_.size() >= 2 * connections_max) return std::unexpected{EMFILE};
    auto opened = open();
    if (!opened) return std::unexpected{opened.error()};
    return connections_.emplace_back(std::move(*opened)).get();
}

std::expected<std::unique_ptr<TcpConnection>, int> TcpPool::open() {
    if (!contexts_) return TcpConnection::open(setup_, endpoint_, nullptr);
    const auto context = contexts_->current();
    if (!context) return std::unexpected{ENOMEM};
    const TlsPeer peer{
        .address = endpoint_.address,
        .server_name = endpoint_.server_name,
        .is_http = endpoint_.transport == Transport::https};
    const auto now = static_cast<std::int64_t>(setup_.host.realtime_ns() / 1'000'000'000);
    auto channel = TlsChannel::open(*context, peer, sessions_, now);
    if (!channel) return std::unexpected{ENOMEM};
    return TcpConnection::open(setup_, endpoint_, std::move(channel));
}

void TcpPool::collect() {
    std::erase_if(connections_, [](const auto& connection) { return connection->is_closed(); });
}

void TcpPool::drain() {
    for (const auto& connection : connections_) connection->drain();
}

}  // namespace loom::forward
