// SPDX-License-Identifier: Apache-2.0
#include "udp_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace loom::forward {
namespace {

constexpr std::size_t send_max = 64;

struct SendBatch {
    std::array<mmsghdr, send_max> messages;  // Not cleared as a whole: most batches are small.
    std::array<iovec, send_max> vectors;
    unsigned size = 0;

    void add(std::span<const std::uint8_t> octets) {
        // sendmmsg does not write there; the type is shared with recvmmsg.
        vectors[size] = {const_cast<std::uint8_t*>(octets.data()), octets.size()};
        messages[size] = {};
        messages[size].msg_hdr.msg_iov = &vectors[size];
        messages[size].msg_hdr.msg_iovlen = 1;
        ++size;
    }
};

/// 0, or the errno of a network that does not carry the query. A full send buffer is not one: the
/// queries are lost as they might be anywhere, and attempted anew in time.
int send_all(int fd, SendBatch& batch) {
    for (unsigned sent = 0; sent < batch.size;) {
        const int n = ::sendmmsg(fd, &batch.messages[sent], batch.size - sent, MSG_DONTWAIT);
        if (n > 0) {
            sent += static_cast<unsigned>(n);
            continue;
        }
        return errno == EAGAIN || errno == ENOBUFS || errno == EINTR ? 0 : errno;
    }
    return 0;
}

std::array<std::uint8_t, 16> local_address_of(int fd) {
    std::array<std::uint8_t, 16> address{};
    sockaddr_storage local{};
    socklen_t size = sizeof local;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size) != 0) return address;
    if (local.ss_family == AF_INET)
        std::memcpy(address.data(), &reinterpret_cast<const sockaddr_in&>(local).sin_addr, 4);
    else
        std::memcpy(address.data(), &reinterpret_cast<const sockaddr_in6&>(local).sin6_addr, 16);
    return address;
}

}  // namespace

UdpSocket::UdpSocket(
    const Host& host, std::uint32_t where, int fd, std::size_t upstream, UdpEvents& events)
    : WatchedSocket{host, where, fd},
      events_{events},
      upstream_{upstream},
      local_address_{local_address_of(fd)} {}

std::expected<std::unique_ptr<UdpSocket>, int> UdpSocket::open(
    const Host& host,
    std::uint32_t where,
    const Endpoint& endpoint,
    std::size_t upstream,
    UdpEvents& events) {
    const int fd = open_connected(endpoint, SOCK_DGRAM);
    if (fd < 0) return std::unexpected{-fd};
    auto socket = std::make_unique<UdpSocket>(host, where, fd, upstream, events);
    if (!socket->wait_for(LOOM_FD_READABLE)) return std::unexpected{ENOSPC};
    return socket;
}

std::optional<std::uint16_t> UdpSocket::enlist(std::uint32_t exchange, RandomIds& ids) {
    const auto id = inflight_.enter(exchange, ids);
    if (id) unsent_.push_back(*id);
    return id;
}

std::optional<int> UdpSocket::flush(ExchangePool& exchanges) {
    SendBatch batch;
    int error = 0;
    for (std::size_t i = 0; i < unsent_.size() && error == 0; ++i) {
        if (const auto owner = inflight_.find(unsent_[i])) {
            auto& query = exchanges.at(*owner).query;
            query.set_id(unsent_[i]);
            batch.add(query.octets());
        }
        if (batch.size < send_max && i + 1 < unsent_.size()) continue;
        error = send_all(fd(), batch);
        sent_count_ += batch.size;
        batch.size = 0;
    }
    unsent_.clear();
    if (error != 0) return error;
    return std::nullopt;
}

}  // namespace loom::forward
