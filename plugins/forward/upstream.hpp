// SPDX-License-Identifier: Apache-2.0
// What one worker knows of one upstream.
#pragma once

#include "endpoint.hpp"
#include "round_trip.hpp"
#include "settings.hpp"
#include "tcp_connection.hpp"
#include "udp_socket_pool.hpp"

#include <cstddef>
#include <cstdint>

namespace loom::forward {

struct Upstream {
    Upstream(
        const Host& host,
        std::uint32_t where,
        const Settings& settings,
        std::size_t index,
        UdpEvents& udp_events,
        TcpEvents& tcp_events)
        : udp{host, where, settings.to[index].address, index, udp_events},
          tcp{host, where, settings.to[index].address, index, settings.expire, tcp_events} {}

    UdpSocketPool udp;
    TcpPool tcp;
    RoundTrip round_trip;
    std::uint64_t last_reply_ns = 0;
};

}  // namespace loom::forward
