// SPDX-License-Identifier: Apache-2.0
// The sockets over which one worker asks one upstream.
#pragma once

#include "udp_socket.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <vector>

namespace loom::forward {

/// An answer is forged by guessing the id and the port. So there are several sockets, each with a
/// random port that is given up after a while, and a random one serves each batch of queries.
class UdpSocketPool {
public:
    static constexpr std::size_t sockets_max = 16;
    static constexpr std::size_t queries_max = 4096;  ///< Over one socket, in round numbers.
    static constexpr std::uint64_t lifetime_ns = 10'000'000'000;

    UdpSocketPool(
        const Host& host,
        std::uint32_t where,
        const Endpoint& endpoint,
        std::size_t upstream,
        UdpEvents& events)
        : host_{host}, where_{where}, endpoint_{endpoint}, upstream_{upstream}, events_{events} {}

    /// The socket of the present batch; an errno if none can be opened.
    std::expected<UdpSocket*, int> pick(std::uint64_t now_ns, RandomIds& ids);
    /// The next pick() draws anew.
    void end_batch() { batch_ = nullptr; }
    /// Closes sockets that are given up and wait for nothing. Not from within on_udp_readable().
    void collect();
    /// Whether nothing is under way.
    bool is_idle() const;

private:
    struct Entry {
        std::unique_ptr<UdpSocket> socket;
        std::uint64_t opened_ns = 0;
    };

    static bool is_worn(const Entry& entry, std::uint64_t now_ns) {
        return entry.socket->sent_count() >= queries_max ||
               now_ns - entry.opened_ns >= lifetime_ns || entry.socket->inflight().full();
    }

    Host host_;
    std::uint32_t where_;
    Endpoint endpoint_;
    std::size_t upstream_;
    UdpEvents& events_;
    std::array<Entry, sockets_max> entries_;
    std::vector<std::unique_ptr<UdpSocket>> given_up_;
    UdpSocket* batch_ = nullptr;
};

}  // namespace loom::forward
