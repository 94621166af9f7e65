// SPDX-License-Identifier: Apache-2.0
// What one worker knows of one upstream.
#pragma once

#include "endpoint.hpp"
#include "hedging.hpp"
#include "round_trip.hpp"
#include "settings.hpp"
#include "tcp_connection.hpp"
#include "udp_socket_pool.hpp"
#include "upstream_cookie.hpp"

#include <cstddef>
#include <cstdint>

namespace loom::forward {

struct Upstream {
    Upstream(
        const Host& host,
        std::uint32_t where,
        const Settings& settings,
        const Endpoint& at,
        std::size_t index,
        const TlsContexts& contexts,
        UdpEvents& udp_events,
        TcpEvents& tcp_events)
        : endpoint{at},
          udp{host, where, at, index, udp_events},
          tcp{{host,
               where,
               index,
               {.expire = settings.expire, .max_age = settings.max_age},
               &tcp_events},
              at,
              at.is_encrypted() ? &contexts : nullptr} {}

    Endpoint endpoint;
    UdpSocketPool udp;
    TcpPool tcp;
    RoundTrip round_trip;
    LatencyWindow latency;
    UpstreamCookie cookie;
    bool folds_case = false;  ///< Its replies over TCP have the question in another case.
    std::uint64_t last_reply_ns = 0;
    Failure logged;  ///< The failure of TLS that was logged last, and when.
    std::uint64_t logged_ns = 0;
};

}  // namespace loom::forward
