// SPDX-License-Identifier: Apache-2.0
#include "tcp_connection.hpp"

#include "endpoint.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace loom::forward {
namespace {

bool is_temporary(int error) { return error == EAGAIN || error == EINTR; }

int socket_error(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
    return error;
}

}  // namespace

std::expected<std::unique_ptr<TcpConnection>, int> TcpConnection::open(
    const Host& host,
    std::uint32_t where,
    const loom_address& address,
    std::size_t upstream,
    std::chrono::nanoseconds expire,
    TcpEvents& events) {
    const int fd = open_connected(address, SOCK_STREAM);
    if (fd < 0) return std::unexpected{-fd};
    auto connection = std::make_unique<TcpConnection>(host, where, fd, upstream, expire, events);
    if (!connection->wait_for(LOOM_FD_READABLE | LOOM_FD_WRITABLE)) return std::unexpected{ENOSPC};
    return connection;
}

std::optional<std::uint16_t>
TcpConnection::enlist(std::uint32_t exchange, OutgoingQuery& query, RandomIds& ids) {
    const auto id = inflight_.enter(exchange, ids);
    if (!id) return id;
    idle_.cancel();
    query.set_id(*id);
    writer_.add(query.octets());
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
    idle_.arm(draining_ ? std::chrono::nanoseconds{} : expire_);
}

void TcpConnection::flush() {
    if (!is_open()) return;
    while (!writer_.unsent().empty()) {
        const auto octets = writer_.unsent();
        const auto n = ::send(fd(), octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0) {
            if (!is_temporary(errno)) return close_with(errno);
            break;
        }
        writer_.sent(static_cast<std::size_t>(n));
    }
    const std::uint32_t writable = writer_.unsent().empty() ? 0 : LOOM_FD_WRITABLE;
    if (!wait_for(LOOM_FD_READABLE | writable)) close_with(ENOSPC);
}

bool TcpConnection::finish_connecting() {
    if (const int error = socket_error(fd()); error != 0) {
        close_with(error);
        return false;
    }
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(fd(), reinterpret_cast<sockaddr*>(&peer), &size) != 0) return false;
    state_ = State::open;
    return true;
}

void TcpConnection::on_ready(std::uint32_t events) {
    if (is_closed()) return;
    if (state_ == State::connecting && !finish_connecting()) return;
    if ((events & LOOM_FD_WRITABLE) != 0) flush();
    if (!is_closed() && (events & LOOM_FD_READABLE) != 0) receive();
}

void TcpConnection::receive() {
    const auto room = reader_.room();
    const auto n = ::recv(fd(), room.data(), room.size(), MSG_DONTWAIT);
    if (n < 0 && is_temporary(errno)) return;
    if (n <= 0) return close_with(n < 0 ? errno : 0);
    reader_.filled(static_cast<std::size_t>(n));
    while (const auto message = reader_.next()) {
        events_.on_tcp_reply(*this, *message);
        if (is_closed()) return;
    }
}

void TcpConnection::close_with(int error) {
    if (is_closed()) return;
    state_ = State::closed;
    idle_.cancel();
    close();
    events_.on_tcp_closed(*this, error);
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
    auto opened = TcpConnection::open(host_, where_, address_, upstream_, expire_, events_);
    if (!opened) return std::unexpected{opened.error()};
    return connections_.emplace_back(std::move(*opened)).get();
}

void TcpPool::collect() {
    std::erase_if(connections_, [](const auto& connection) { return connection->is_closed(); });
}

}  // namespace loom::forward
