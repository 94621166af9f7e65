// SPDX-License-Identifier: Apache-2.0
// One thread that answers: its sockets, its queries in flight, its copy of the generation.
#pragma once

#include "epochs.hpp"
#include "event_loop.hpp"
#include "suspension.hpp"
#include "worker_metrics.hpp"
#include "../pipeline/chain.hpp"
#include "../pipeline/exchange.hpp"
#include "../pipeline/intake.hpp"
#include "../services/services.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace loom::host {

class TcpListener;
class TcpSession;
class UdpListener;

/// What a worker is told about limits; changed between turns.
struct WorkerLimits {
    std::uint16_t udp_size = 1232;
    std::uint32_t suspended = 16384;  ///< Queries that wait.
    std::uint32_t tcp_connections = 1024;
    std::uint32_t tcp_pipeline = 128;
    std::uint64_t tcp_idle_ns = 10'000'000'000;
    std::uint64_t query_timeout_ns = 10'000'000'000;
};

/// When an admitted query is served: next, or with others in between.
enum class Turnout : std::uint8_t { at_once, later };

/// Everything here is the worker's own thread's, but for what says otherwise.
class Worker final : public EventLoop {
public:
    Worker(std::uint32_t number, Services& services, const WorkerMetrics& metrics);
    ~Worker() override;

    void start_thread();  ///< [C]
    void join();          ///< After stop(). [C]
    /// Runs `work` on the worker and waits for it. [C]
    void call(const std::function<void()>& work);

    std::uint32_t number() const { return where(); }
    Services& services() const { return services_; }
    const WorkerLimits& limits() const { return limits_; }
    void set_limits(const WorkerLimits& limits) { limits_ = limits; }
    const WorkerMetrics& metrics() const { return metrics_; }
    void count(std::uint32_t metric, std::uint64_t amount = 1);
    void count_rejected(const IntakeResult& taken);

    // -- Generations --

    /// New queries go to `next` from now on. The old one stays as long as queries pin it.
    void use(WorkerGeneration* next);
    const WorkerGeneration* generation() const { return generation_; }
    /// Called when the last query of a retired generation has ended.
    std::function<void(WorkerGeneration*)> on_drained;
    /// Ends all suspended queries of `generation` (null: of all) with SERVFAIL.
    void cancel_all(const WorkerGeneration* generation);
    /// Calls `done` when all queries that are suspended now have ended.
    void when_quiescent(std::function<void()> done) { epochs_.when_quiescent(std::move(done)); }
    std::uint32_t suspended_count() const { return suspensions_.count(); }

    // -- Listeners --

    void add_udp(std::uint32_t slot, int fd);
    void add_tcp(std::uint32_t slot, int fd);
    void remove_listener(std::uint32_t slot);
    void close_listeners();
    std::size_t session_count() const { return sessions_.size(); }

    // -- For transports --

    /// A query made by take_in() gets its pipeline. With others to be served before it, plugins are
    /// told to prepare.
    void admit(Exchange& e, Turnout turnout);
    /// Runs an admitted query, whose transport fields and send buffer are set.
    void serve(Exchange& e);
    /// Messages of a batch that are admitted before one is served: about the time that memory takes.
    static constexpr std::size_t ahead = 4;
    /// One of the exchanges for the next messages; each is the same until it is suspended.
    Exchange& next_exchange(std::size_t which = 0);
    /// 64 KiB for replies that have no room of their own.
    std::span<std::uint8_t> large_room() { return large_room_; }
    /// False if the limit on connections is reached and all are busy.
    bool make_room_for_session();
    void add_session(int fd, std::uint32_t listener);
    /// It is closed and nothing waits for it: freed at the end of the turn.
    void forget_session(TcpSession& session);
    void session_active(TcpSession& session);
    /// A retired listener has sent its last reply: it is freed at the end of the turn.
    void forget_unused_listeners() { listeners_unused_ = true; }
    /// Sends what it has gathered when the turn ends.
    void flush_later(UdpListener& listener);
    void flush_later(TcpSession& session);

    // -- For the host's table --

    loom_token suspend(Exchange& e, std::uint64_t timeout_ns);
    /// [A]
    loom_status resume(loom_token token, std::int32_t reason, void* arg);
    loom_status ask(
        Exchange& parent, std::span<const std::uint8_t> qname, std::uint16_t qtype,
        std::uint16_t qclass, std::int32_t from, loom_token token);
    loom_status ask_in_background(
        Exchange& like, const Instance& asker, void (*done)(void*, loom_query*), void* arg);

private:
    void free_unused_listeners();
    void close_sessions(const std::function<bool(const TcpSession&)>& which);
    bool settle() override;
    bool run_queued();
    void enqueue(Exchange& e);

    Exchange* take_exchange();
    void recycle(Exchange* e);
    void enter(Exchange& e, const WorkerGeneration& generation, std::uint32_t server);
    Walk refuse(Exchange& e);
    Walk go_elsewhere(Exchange& e);
    void finish(Exchange& e, Walk walk);
    void detach(Exchange& e);
    void deliver(Exchange& e, bool dropped);
    void release(Exchange& e);
    void orphan_children(Exchange& e);
    void lend_room(Exchange& e);
    void resume_claimed(loom_token token, std::int32_t reason, void* arg);
    void disarm(Exchange& e);
    void cancel(Exchange& e, std::uint16_t extended_error);
    Exchange* make_subquery(
        const Exchange& like, std::span<const std::uint8_t> qname, std::uint16_t qtype,
        std::uint16_t qclass);
    void begin_subquery(Exchange& e);
    static void on_deadline(void* exchange);

    Services& services_;
    WorkerMetrics metrics_;
    WorkerLimits limits_;
    std::thread thread_;
    WorkerGeneration* generation_ = nullptr;

    std::vector<std::unique_ptr<Exchange>> exchanges_;
    Exchange* free_exchanges_ = nullptr;
    std::array<Exchange*, ahead> next_{};
    SuspensionTable suspensions_;
    Epochs epochs_;

    // Exchanges to be run at the end of the turn, in order.
    Exchange* queue_first_ = nullptr;
    Exchange* queue_last_ = nullptr;

    std::vector<std::uint8_t> large_room_;
    std::vector<std::unique_ptr<UdpListener>> udp_;
    std::vector<std::unique_ptr<TcpListener>> tcp_;
    std::list<std::shared_ptr<TcpSession>> sessions_;  // The longest silent first.
    bool listeners_unused_ = false;
    std::vector<UdpListener*> unsent_udp_;
    std::vector<TcpSession*> unsent_tcp_;
    std::vector<std::shared_ptr<TcpSession>> forgotten_;
};

}  // namespace loom::host
