// SPDX-License-Identifier: Apache-2.0
// One question on its way through the upstreams.
#pragma once

#include "failure.hpp"
#include "octets_pool.hpp"
#include "outgoing_query.hpp"
#include "reply_check.hpp"
#include "upstream_chooser.hpp"

#include <dnsloom/abi/abi.h>
#include <dnsloom/dns/edns.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace loom::forward {

class UdpSocket;
class TcpConnection;

enum class Path : std::uint8_t { udp, tcp };

/// A query that was sent and waits for its reply, under an id of one socket or connection. Both
/// null: none.
struct Leg {
    UdpSocket* udp = nullptr;
    TcpConnection* tcp = nullptr;
    std::uint64_t sent_ns = 0;
    std::uint16_t id = 0;
    std::uint8_t upstream = 0;
    bool on_pooled = false;  ///< The connection had been open before.

    bool is_set() const { return udp || tcp; }
    bool is_on(const UdpSocket& socket) const { return udp == &socket; }
    bool is_on(const TcpConnection& connection) const { return tcp == &connection; }
    bool is_same(const Leg& other) const {
        return udp == other.udp && tcp == other.tcp && id == other.id;
    }
    Path path() const { return tcp ? Path::tcp : Path::udp; }
};

/// Belongs to a client's query, or to nobody: a probe of one upstream.
struct Exchange {
    enum class State : std::uint8_t {
        idle,      ///< In the pool.
        waiting,   ///< For a reply.
        resting,   ///< A probe, until it is sent again.
        parked,    ///< Until an upstream has an address.
        finished,  ///< Until the query's on_resume.
    };

    std::uint32_t index = 0;
    State state = State::idle;
    Path path = Path::udp;  ///< Of first attempts.
    bool is_probe = false;
    bool reconnected = false;     ///< Sent once more after its pooled connection went away.
    bool cookie_renewed = false;  ///< Sent once more after BADCOOKIE.
    /// The deadline is the moment for a second upstream, and `attempt_due_ns` the attempt's own.
    bool may_hedge = false;
    bool is_hedged = false;
    std::uint8_t attempts_left = 0;
    std::uint8_t attempts_most = 0;
    UpstreamSet tried = 0;
    loom_token token = 0;
    std::uint64_t deadline_ns = 0;
    std::uint64_t attempt_due_ns = 0;
    /// The latest attempt, and the one before: a reply that is late is as good as any.
    Leg current, former;
    Failure failure;  ///< Of the last attempt.
    OutgoingQuery query;
    std::optional<dns::ClientSubnet> subnet;  ///< That the query carries.

    // When finished: a reply, or none and then `failure` says why. Before that, one that may yet be
    // bettered by another upstream.
    bool has_reply = false;
    std::uint8_t answered_by = 0;
    CheckedReply checked;
    Octets reply;
};

/// Numbered exchanges that stay where they are; grows by chunks up to its limit.
class ExchangePool {
public:
    static constexpr std::size_t exchanges_max = 32768;

    /// An exchange in its first state; nullptr at the limit.
    Exchange* take();
    void give(Exchange& exchange);
    Exchange& at(std::uint32_t index) { return chunks_[index / chunk_size][index % chunk_size]; }

private:
    static constexpr std::size_t chunk_size = 64;

    std::vector<std::unique_ptr<Exchange[]>> chunks_;
    std::vector<std::uint32_t> free_;
};

}  // namespace loom::forward
