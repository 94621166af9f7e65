// SPDX-License-Identifier: Apache-2.0
#include "udp_socket_pool.hpp"

#include <cerrno>

namespace loom::forward {
namespace {

/// Bounds the descriptors when an upstream swallows everything under load.
constexpr std::size_t given_up_max = 64;

}  // namespace

std::expected<UdpSocket*, int> UdpSocketPool::pick(std::uint64_t now_ns, RandomIds& ids) {
    if (batch_ && !batch_->inflight().full()) return batch_;
    auto& entry = entries_[ids.below(sockets_max)];
    if (entry.socket && is_worn(entry, now_ns)) {
        if (given_up_.size() >= given_up_max) return std::unexpected{EMFILE};
        given_up_.push_back(std::move(entry.socket));
    }
    if (!entry.socket) {
        auto opened = UdpSocket::open(host_, where_, endpoint_, upstream_, events_);
        if (!opened) return std::unexpected{opened.error()};
        entry = {std::move(*opened), now_ns};
    }
    return batch_ = entry.socket.get();
}

bool UdpSocketPool::is_idle() const {
    return given_up_.empty() && std::ranges::all_of(entries_, [](const auto& entry) {
               return !entry.socket ||
                      (entry.socket->inflight().empty() && !entry.socket->has_unsent());
           });
}

void UdpSocketPool::collect() {
    if (given_up_.empty()) return;
    std::erase_if(given_up_, [](const auto& socket) {
        return socket->inflight().empty() && !socket->has_unsent();
    });
}

}  // namespace loom::forward
