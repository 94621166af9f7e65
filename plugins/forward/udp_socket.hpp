// SPDX-License-Identifier: Apache-2.0
// A UDP socket connected to one upstream, and the queries under way on it.
#pragma once

#include "endpoint.hpp"
#include "exchange.hpp"
#include "inflight_table.hpp"
#include "random_ids.hpp"
#include "watched_socket.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <vector>

namespace loom::forward {

/// Who is told that replies can be read.
class UdpEvents {
public:
    virtual void on_udp_readable(UdpSocket&) = 0;

protected:
    ~UdpEvents() = default;
};

/// The kernel takes datagrams from the upstream's address only, and reports that nobody listens
/// there. Queries are collected and sent together by flush().
class UdpSocket final : public WatchedSocket {
public:
    /// How many queries may be under way.
    static constexpr std::size_t inflight_max = 1024;

    /// An errno on failure.
    [[nodiscard]] static std::expected<std::unique_ptr<UdpSocket>, int> open(
        const Host& host,
        std::uint32_t where,
        const Endpoint& endpoint,
        std::size_t upstream,
        UdpEvents& events);

    UdpSocket(
        const Host& host, std::uint32_t where, int fd, std::size_t upstream, UdpEvents& events);

    std::size_t upstream() const { return upstream_; }
    /// The source address of what it sends; IPv4 in the first four octets.
    const std::array<std::uint8_t, 16>& local_address() const { return local_address_; }
    std::size_t sent_count() const { return sent_count_; }

    /// Puts a query into the next flush() under a new id; nothing when too many are under way.
    std::optional<std::uint16_t> enlist(std::uint32_t exchange, RandomIds& ids);
    /// Waits for the reply no more; what was not sent will not be.
    void forget(std::uint16_t id) { inflight_.erase(id); }

    const InflightTable& inflight() const { return inflight_; }
    bool has_unsent() const { return !unsent_.empty(); }

    /// Sends what was enlisted. An errno if the network says that the upstream is not there; what
    /// was not sent then never is.
    std::optional<int> flush(ExchangePool& exchanges);

private:
    void on_ready(std::uint32_t) override { events_.on_udp_readable(*this); }

    UdpEvents& events_;
    std::size_t upstream_;
    std::array<std::uint8_t, 16> local_address_{};
    std::size_t sent_count_ = 0;
    InflightTable inflight_{inflight_max};
    std::vector<std::uint16_t> unsent_;
};

}  // namespace loom::forward
