// SPDX-License-Identifier: Apache-2.0
// Takes exchanges through attempts until one has a reply or all are used up.
#pragma once

#include "deadline_wheel.hpp"
#include "exchange.hpp"
#include "forward_metrics.hpp"
#include "health.hpp"
#include "octets_pool.hpp"
#include "random_ids.hpp"
#include "receive_batch.hpp"
#include "settings.hpp"
#include "upstream.hpp"
#include "upstream_chooser.hpp"

#include <dnsloom/host.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace loom::forward {

/// on_resume's reason: the exchange is finished. `arg` is the exchange.
inline constexpr std::int32_t reason_finished = 0;

/// One a worker; everything happens on its thread. Queries are sent when the loop's batch is done.
class Dispatcher final : UdpEvents, TcpEvents {
public:
    Dispatcher(
        const Host& host,
        const Settings& settings,
        const ForwardMetrics& metrics,
        Health& health,
        std::uint32_t worker);

    /// An exchange for the caller to fill in; nullptr if there are too many.
    Exchange* open(const Ask& ask, Path path);
    /// Begins the first attempt. Resumes `token` once the exchange is finished, which without a
    /// reply is shortly before `deadline_ns`, so that there is time to say why.
    void
    launch(Exchange& exchange, loom_token token, std::uint64_t deadline_ns, std::uint64_t now_ns);
    /// Ends an exchange in whatever state.
    void close(Exchange& exchange);

private:
    enum class Count : std::uint8_t { yes, no };

    // Attempts: dispatcher.cpp
    void next_attempt(Exchange& exchange, std::uint64_t now_ns);
    bool send(Exchange& exchange, std::size_t upstream, Path path, std::uint64_t now_ns);
    bool send_udp(Exchange& exchange, std::size_t upstream, std::uint64_t now_ns);
    bool send_tcp(Exchange& exchange, std::size_t upstream, std::uint64_t now_ns);
    std::chrono::nanoseconds
    patience(const Exchange& exchange, std::size_t upstream, Path path) const;
    void
    fail_attempt(Exchange& exchange, const Failure& failure, Count count, std::uint64_t now_ns);
    void finish(Exchange& exchange);
    static void add_leg(Exchange& exchange, const Leg& leg);
    static void forget(Leg& leg);
    void forget_all(Exchange& exchange);

    // Deadlines
    void set_deadline(Exchange& exchange, std::uint64_t due_ns, std::uint64_t now_ns);
    void arm_timer(std::uint64_t at_ns, std::uint64_t now_ns);
    void on_timer();
    void on_deadline(Exchange& exchange, std::uint64_t now_ns);
    bool is_to_blame(const Leg& leg, std::uint64_t now_ns) const;

    // Health: dispatcher_health.cpp
    void note_success(std::size_t upstream);
    void note_failure(std::size_t upstream, std::uint64_t now_ns);
    void start_probe(std::size_t upstream, std::uint64_t now_ns);
    void send_probe(Exchange& exchange, std::uint64_t now_ns);
    void rest_probe(Exchange& exchange, std::uint64_t now_ns);
    void end_or_repeat_probe(Exchange& exchange, std::uint64_t now_ns);

    // What comes from the network: dispatcher_events.cpp
    void on_udp_readable(UdpSocket& socket) override;
    void on_datagram(UdpSocket& socket, std::size_t index, std::uint64_t now_ns);
    void on_udp_error(UdpSocket& socket, int error, std::uint64_t now_ns);
    void on_tcp_reply(TcpConnection& connection, std::span<const std::uint8_t> message) override;
    void on_tcp_closed(TcpConnection& connection, int error) override;
    bool reconnect(Exchange& exchange, const Leg& lost, std::uint64_t now_ns);
    void take_reply(
        Exchange& exchange,
        const Leg& leg,
        const CheckedReply& checked,
        Octets octets,
        std::uint64_t now_ns);
    bool ask_differently(
        Exchange& exchange, const Leg& leg, const CheckedReply& checked, std::uint64_t now_ns);

    // Sending
    void schedule_flush();
    void flush();

    Host host_;
    const Settings& settings_;
    const ForwardMetrics& metrics_;
    Health& health_;
    std::uint32_t worker_;

    RandomIds ids_;
    OctetsPool octets_;
    ReceiveBatch received_{octets_};
    ExchangePool exchanges_;
    UpstreamChooser chooser_;
    DeadlineWheel wheel_;
    std::vector<std::unique_ptr<Upstream>> upstreams_;
    std::vector<UdpSocket*> unsent_udp_, sending_udp_;
    std::vector<TcpConnection*> unsent_tcp_, sending_tcp_;
    bool flush_scheduled_ = false;
    std::uint64_t timer_at_ns_ = 0;
    Timer timer_;
};

}  // namespace loom::forward
