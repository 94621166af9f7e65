// SPDX-License-Identifier: Apache-2.0
// Takes exchanges through attempts until one has a reply or all are used up.
#pragma once

#include "address_table.hpp"
#include "deadline_wheel.hpp"
#include "exchange.hpp"
#include "forward_metrics.hpp"
#include "health.hpp"
#include "hedging.hpp"
#include "octets_pool.hpp"
#include "random_ids.hpp"
#include "receive_batch.hpp"
#include "settings.hpp"
#include "upstream.hpp"
#include "upstream_chooser.hpp"

#include <dnsloom/dns/edns.hpp>
#include <dnsloom/host.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
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
        const TlsContexts& contexts,
        const AddressTable* addresses,
        std::uint32_t worker);

    /// An exchange for the caller to fill in; nullptr if there are too many.
    Exchange* open(const Ask& ask, Path path);
    /// Begins the first attempt. Resumes `token` once the exchange is finished, which without a
    /// reply is shortly before `deadline_ns`, so that there is time to say why.
    void
    launch(Exchange& exchange, loom_token token, std::uint64_t deadline_ns, std::uint64_t now_ns);
    /// Ends an exchange in whatever state.
    void close(Exchange& exchange);

    /// Whether launch() is pointless: all upstreams are down, and the settings say not to try.
    bool fails_fast() const {
        return settings_.failfast && chooser_.all() != 0 && (chooser_.all() & ~health_.down()) == 0;
    }
    /// Makes sure that somebody probes them then.
    void probe_all(std::uint64_t now_ns);
    /// Why the last attempt of this worker failed.
    const Failure& last_failure() const { return last_failure_; }

private:
    enum class Count : std::uint8_t { yes, no };
    /// Whose a reply is.
    enum class Trust : std::uint8_t {
        sure,
        doubtful,  ///< Perhaps a forger's who guessed the id and the port.
        forged,
    };
    struct Judgement {
        Trust trust = Trust::sure;
        Ignored reason{};
    };

    // Attempts: dispatcher.cpp
    void next_attempt(Exchange& exchange, std::uint64_t now_ns);
    bool send(Exchange& exchange, std::size_t upstream, Path path, std::uint64_t now_ns);
    bool send_udp(Exchange& exchange, std::size_t upstream, std::uint64_t now_ns);
    bool send_tcp(Exchange& exchange, std::size_t upstream, std::uint64_t now_ns);
    std::chrono::nanoseconds
    patience(const Exchange& exchange, std::size_t upstream, Path path) const;
    static bool is_first_round(const Exchange& exchange);
    UpstreamSet untried(const Exchange& exchange) const;
    void
    fail_attempt(Exchange& exchange, const Failure& failure, Count count, std::uint64_t now_ns);
    void set_cookie(Exchange& exchange, std::size_t upstream, std::uint64_t now_ns);
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

    // A second upstream meanwhile: dispatcher_hedging.cpp
    std::optional<std::uint64_t>
    hedging_time(const Exchange& exchange, std::size_t upstream, std::uint64_t now_ns) const;
    void hedge(Exchange& exchange, std::uint64_t now_ns);

    // Addresses that change: dispatcher_addresses.cpp
    void take_addresses();
    std::unique_ptr<Upstream> make_upstream(std::size_t index, const Endpoint& endpoint);
    void park(Exchange& exchange, std::uint64_t now_ns);
    void unpark(Exchange& exchange, std::uint64_t now_ns);
    std::uint8_t attempts() const;
    void collect_former();

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
    void on_tcp_open(TcpConnection& connection) override;
    void on_tcp_refused(TcpConnection& connection, std::uint16_t id, const Failure& why) override;
    void on_tcp_closed(TcpConnection& connection, const Failure& why) override;
    void note_tls_failure(const Failure& failure, std::uint64_t now_ns);
    bool reconnect(Exchange& exchange, const Leg& lost, std::uint64_t now_ns);
    void take_reply(
        Exchange& exchange,
        const Leg& leg,
        const CheckedReply& checked,
        Octets octets,
        std::uint64_t now_ns);
    bool ask_differently(
        Exchange& exchange, const Leg& leg, const CheckedReply& checked, std::uint64_t now_ns);
    void note_time(const Leg& leg, std::uint64_t took_ns, std::uint64_t now_ns);
    static bool forget_one(Exchange& exchange, const Leg& leg);
    bool awaits_better(const Exchange& exchange) const;
    bool fail_over(Exchange& exchange, std::uint64_t now_ns);

    // Forged replies: dispatcher_trust.cpp
    Judgement judge(
        const Exchange& exchange,
        const Leg& leg,
        const CheckedReply& checked,
        std::span<const std::uint8_t> octets,
        std::uint64_t now_ns);
    Judgement judge_cookie(const Leg& leg, const dns::EdnsOptions& options, std::uint64_t now_ns);
    void ask_over_tcp(Exchange& exchange, const Leg& leg, std::uint64_t now_ns);
    void renew_cookie(Exchange& exchange, const Leg& leg, std::uint64_t now_ns);

    // Sending
    void schedule_flush();
    void flush();

    Host host_;
    const Settings& settings_;
    const ForwardMetrics& metrics_;
    Health& health_;
    const TlsContexts& contexts_;
    const AddressTable* addresses_;  // Null: they do not change.
    std::uint64_t generation_ = 0;   // Of the addresses.
    std::uint32_t worker_;

    RandomIds ids_;
    OctetsPool octets_;
    ReceiveBatch received_{octets_};
    ExchangePool exchanges_;
    UpstreamChooser chooser_;
    HedgeBudget hedge_budget_;
    Failure last_failure_;
    DeadlineWheel wheel_;
    std::vector<std::unique_ptr<Upstream>> upstreams_;
    std::vector<std::unique_ptr<Upstream>> former_;  // With other addresses, until they are idle.
    std::vector<UdpSocket*> unsent_udp_, sending_udp_;
    std::vector<TcpConnection*> unsent_tcp_, sending_tcp_;
    bool flush_scheduled_ = false;
    std::uint64_t timer_at_ns_ = 0;
    Timer timer_;
};

}  // namespace loom::forward
