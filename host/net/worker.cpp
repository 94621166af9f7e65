// SPDX-License-Identifier: Apache-2.0
#include "worker.hpp"

#include "tcp_listener.hpp"
#include "tcp_session.hpp"
#include "udp_listener.hpp"
#include "../generation/instance.hpp"
#include "../pipeline/reply.hpp"
#include "../pipeline/response_service.hpp"
#include "../pipeline/router.hpp"
#include "../services/log.hpp"
#include "../services/metric_registry.hpp"

#include <dnsloom/abi/plugin.h>
#include <dnsloom/abi/service/ask.h>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/message.hpp>
#include <dnsloom/dns/wire.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <latch>

#include <pthread.h>

namespace loom::host {

namespace {

constexpr std::uint32_t slot_bits = 24;
constexpr std::uint32_t slots_max = 1U << 20U;

loom_token make_token(std::uint32_t worker, std::uint32_t slot, std::uint32_t nonce) {
    return std::uint64_t{nonce} << 32U | std::uint64_t{worker} << slot_bits | slot;
}

}  // namespace

WorkerMetrics WorkerMetrics::define(MetricRegistry& registry) {
    const auto counter = [&](std::string name, std::string help, MetricLabels labels = {}) {
        return registry
            .define({LOOM_METRIC_COUNTER, std::move(name), std::move(help), std::move(labels), {}})
            .value_or(0);
    };
    WorkerMetrics m;
    const std::string queries = "dnsloom_host_queries_total";
    const std::string queries_help = "Queries taken in, by transport.";
    m.udp_queries = counter(queries, queries_help, {{"transport", "udp"}});
    m.tcp_queries = counter(queries, queries_help, {{"transport", "tcp"}});
    m.subqueries = counter("dnsloom_host_subqueries_total", "Queries asked by plugins.");
    const std::string rejected = "dnsloom_host_rejected_total";
    const std::string rejected_help = "Messages answered without a pipeline, by reason.";
    m.malformed = counter(rejected, rejected_help, {{"reason", "malformed"}});
    m.not_implemented = counter(rejected, rejected_help, {{"reason", "opcode"}});
    m.bad_version = counter(rejected, rejected_help, {{"reason", "edns_version"}});
    m.no_zone = counter(rejected, rejected_help, {{"reason", "no_zone"}});
    m.timeouts =
        counter("dnsloom_host_query_timeouts_total", "Queries that no plugin resumed in time.");
    m.suspended_full = counter(
        "dnsloom_host_suspended_full_total", "Suspensions refused: host.queries is reached.");
    m.send_errors = counter("dnsloom_host_send_errors_total", "Replies the system did not take.");
    m.tcp_accepted = counter("dnsloom_host_tcp_connections_total", "TCP connections accepted.");
    m.tcp_refused = counter(
        "dnsloom_host_tcp_refused_total", "TCP connections closed: host.tcp_connections is reached.");
    return m;
}

Worker::Worker(std::uint32_t number, Services& services, const WorkerMetrics& metrics)
    : EventLoop{number, services.clock}, services_{services}, metrics_{metrics},
      slots_{std::make_unique<Slot[]>(slots_max)}, epochs_(1),
      large_room_(dns::message_size_max + 1) {}

Worker::~Worker() {
    sessions_.clear();
    tcp_.clear();
    udp_.clear();
}

void Worker::start_thread() {
    thread_ = std::thread{[this] {
        ::pthread_setname_np(::pthread_self(), fmt::format("worker-{}", number()).c_str());
        Log::gather(true);
        run();
        services_.log.flush_thread();
    }};
}

void Worker::join() {
    if (thread_.joinable()) thread_.join();
}

void Worker::call(const std::function<void()>& work) {
    std::latch done{1};
    post([&] {
        work();
        done.count_down();
    });
    done.wait();
}

void Worker::count(std::uint32_t metric, std::uint64_t amount) {
    services_.metrics.add(number(), metric, amount);
}

void Worker::count_rejected(const IntakeResult& taken) {
    switch (taken.rcode) {
    case dns::rcode::notimp:
        return count(metrics_.not_implemented);
    case dns::rcode::badvers:
        return count(metrics_.bad_version);
    default:
        return count(metrics_.malformed);
    }
}

// -- Generations --

void Worker::use(WorkerGeneration* next) {
    WorkerGeneration* old = generation_;
    generation_ = next;
    if (!old) return;
    old->retired = true;
    if (old->in_flight == 0 && on_drained) on_drained(old);
}

void Worker::cancel_all(const WorkerGeneration* generation) {
    for (std::uint32_t slot = 1; slot < slots_used_; ++slot) {
        Exchange* e = slots_[slot].exchange;
        if (!e || e->suspension != Suspension::waiting) continue;
        if (generation && e->generation_pin != generation) continue;
        cancel(*e, dns::ede_code::not_ready);
    }
}

void Worker::when_quiescent(std::function<void()> done) {
    if (epochs_.size() == 1 && epochs_.back().waiting == 0) {
        done();
        return;
    }
    epochs_.back().done.push_back(std::move(done));
    epochs_.push_back({epochs_.back().number + 1, 0, {}});
}

void Worker::leave_epoch(std::uint64_t number) {
    --epochs_[number - epochs_.front().number].waiting;
    while (epochs_.size() > 1 && epochs_.front().waiting == 0) {
        const auto done = std::move(epochs_.front().done);
        epochs_.erase(epochs_.begin());
        for (const auto& function : done) function();
    }
}

// -- Listeners --

void Worker::add_udp(std::uint32_t slot, int fd) {
    udp_.push_back(std::make_unique<UdpListener>(*this, slot, fd));
}

void Worker::add_tcp(std::uint32_t slot, int fd) {
    tcp_.push_back(std::make_unique<TcpListener>(*this, slot, fd));
}

void Worker::remove_listener(std::uint32_t slot) {
    // Queries in flight may still be answered through the object: it stays, its socket is closed
    // when they are done.
    for (const auto& listener : udp_)
        if (listener->slot() == slot) listener->retire();
    std::erase_if(udp_, [](const auto& listener) { return listener->is_unused(); });
    std::erase_if(tcp_, [&](const auto& listener) { return listener->slot() == slot; });
    close_sessions([&](const TcpSession& session) { return session.listener() == slot; });
}

void Worker::close_listeners() {
    for (const auto& listener : udp_) listener->retire();
    tcp_.clear();
    close_sessions([](const TcpSession&) { return true; });
}

void Worker::close_sessions(const std::function<bool(const TcpSession&)>& which) {
    const auto sessions = sessions_;  // Closing one takes it from the list.
    for (const auto& session : sessions)
        if (which(*session)) session->close_when_idle();
}

bool Worker::make_room_for_session() {
    if (sessions_.size() < limits_.tcp_connections) return true;
    for (const auto& session : sessions_) {
        if (!session->is_idle()) continue;
        count(metrics_.tcp_refused);
        session->close();
        return true;
    }
    count(metrics_.tcp_refused);
    return false;
}

void Worker::add_session(int fd, std::uint32_t listener) {
    count(metrics_.tcp_accepted);
    const auto session = std::make_shared<TcpSession>(*this, listener, fd);
    session->place = sessions_.insert(sessions_.end(), session);
    session->start();
}

void Worker::forget_session(TcpSession& session) {
    forgotten_.push_back(*session.place);
    sessions_.erase(session.place);
}

void Worker::session_active(TcpSession& session) {
    if (!session.is_closed()) sessions_.splice(sessions_.end(), sessions_, session.place);
}

// -- A query's way --

Exchange& Worker::next_exchange(std::size_t which) {
    if (!next_[which]) next_[which] = take_exchange();
    return *next_[which];
}

Exchange* Worker::take_exchange() {
    if (!free_exchanges_) {
        exchanges_.push_back(std::make_unique<Exchange>());
        free_exchanges_ = exchanges_.back().get();
        free_exchanges_->next = nullptr;
        free_exchanges_->host_worker = this;
        free_exchanges_->worker = number();
    }
    Exchange* e = free_exchanges_;
    free_exchanges_ = e->next;
    e->next = nullptr;
    return e;
}

void Worker::recycle(Exchange* e) {
    e->next = free_exchanges_;
    free_exchanges_ = e;
}

void Worker::admit(Exchange& e, Turnout turnout) {
    const Router* router = nullptr;
    if (generation_ && e.listener < generation_->routers.size())
        router = generation_->routers[e.listener];
    const auto route = router ? router->find(e) : std::nullopt;
    e.generation_pin = generation_;
    if (!route) {
        e.pipeline = nullptr;
        return;
    }
    e.zone = {route->zone.data(), route->zone.size()};
    enter(e, *generation_, route->server);
    if (turnout == Turnout::at_once) return;
    for (StageMask left = e.pipeline->preparers; left != 0; left &= left - 1) {
        const auto index = static_cast<std::size_t>(std::countr_zero(left));
        const Stage& stage = e.pipeline->stages[index];
        e.pipeline->details[index].plugin->prepare(stage.self, stage.worker_state, &e);
    }
}

void Worker::serve(Exchange& e) {
    e.now_ns = now_ns();
    e.received_ns = e.now_ns;
    e.deadline_ns = e.now_ns + limits_.query_timeout_ns;
    if (!e.pipeline) {
        count(metrics_.no_zone);
        set_error(e, dns::rcode::refused);
        add_extended_error(e, dns::ede_code::not_authoritative, {});
        finish(e, Walk::done);
        return;
    }
    finish(e, walk(e));
}

void Worker::enter(Exchange& e, const WorkerGeneration& generation, std::uint32_t server) {
    e.pipeline = &generation.pipelines[server];
    e.generation = static_cast<std::uint32_t>(generation.number);
}

void Worker::finish(Exchange& e, Walk walk) {
    if (walk == Walk::pending) {
        detach(e);
        return;
    }
    if (e.suspension != Suspension::none) [[unlikely]]
        disarm(e);
    deliver(e, walk == Walk::dropped);
    release(e);
}

// A hook announced a suspension and then decided otherwise.
void Worker::disarm(Exchange& e) {
    slots_[e.slot].armed.store(0, std::memory_order_relaxed);
    cancel_timer(e.timer_id);
    if (e.suspension == Suspension::resumed) {
        Exchange* before = nullptr;
        for (Exchange* at = queue_first_; at != &e; at = at->next) before = at;
        (before ? before->next : queue_first_) = e.next;
        if (queue_last_ == &e) queue_last_ = before;
    }
    e.suspension = Suspension::none;
}

// The query outlives the turn: what lies in the transport's buffers moves into its own memory.
void Worker::detach(Exchange& e) {
    if (!e.detached) {
        e.detached = true;
        for (Exchange*& next : next_)
            if (next == &e) next = nullptr;
        const auto wire = e.keep({e.wire.data, e.wire.size});
        // Where a plugin changed the question they are in the arena already.
        if (e.edns_options.size != 0 && !e.changed) {
            const auto options_at = static_cast<std::size_t>(e.edns_options.data - e.wire.data);
            e.edns_options.data = wire.data() + options_at;
            if (wire.empty()) e.edns_options = {};
        }
        e.wire = {wire.data(), wire.size()};
        // Transports may lend addresses, too.
        e.client_address = *e.client;
        e.client = &e.client_address;
        e.local_address = *e.local;
        e.local = &e.local_address;
        if (e.udp) {
            e.peer_copy = *e.peer;
            e.peer = &e.peer_copy;
        }
        e.epoch = epochs_.back().number;
        ++epochs_.back().waiting;
        ++e.generation_pin->in_flight;
        if (e.udp) e.udp->hold();
        if (e.tcp) e.tcp->hold();
    }
    leave_send_buffer(e);
    e.send_buffer = nullptr;
    if (e.suspension == Suspension::armed) e.suspension = Suspension::waiting;
}

void Worker::deliver(Exchange& e, bool dropped) {
    switch (e.origin) {
    case Origin::udp:
        if (!dropped) e.udp->send(e, write_reply(e, limits_.udp_size));
        break;
    case Origin::tcp:
        if (dropped) {
            e.tcp->drop();
        } else {
            e.tcp->send(write_reply(e, limits_.udp_size));
        }
        break;
    case Origin::subquery:
        if (dropped || e.response.form == ResponseForm::none)
            set_error(e, dns::rcode::servfail);
        leave_send_buffer(e);
        // It stays with its parent until that one ends.
        if (!e.cancelled)
            resume(e.parent_token, LOOM_REASON_ANSWER, static_cast<loom_query*>(&e));
        break;
    case Origin::background:
        if (dropped || e.response.form == ResponseForm::none)
            set_error(e, dns::rcode::servfail);
        leave_send_buffer(e);
        if (e.done) e.done(e.done_argument, &e);
        break;
    }
}

void Worker::release(Exchange& e) {
    if (e.slot != 0) {
        slots_[e.slot].exchange = nullptr;
        free_slots_.push_back(e.slot);
        e.slot = 0;
        --suspended_count_;
    }
    if (!e.detached) [[likely]] {
        if (e.children) orphan_children(e);
        reset_exchange(e);
        return;
    }
    // A sub-query's memory is its parent's until that one ends.
    if (e.origin == Origin::subquery && !e.cancelled) {
        e.ended = true;
        return;
    }
    orphan_children(e);
    if (e.udp) e.udp->let_go();
    if (e.tcp) e.tcp->let_go();
    WorkerGeneration* generation = e.generation_pin;
    const std::uint64_t epoch = e.epoch;
    reset_exchange(e);
    recycle(&e);
    leave_epoch(epoch);
    if (--generation->in_flight == 0 && generation->retired && on_drained) on_drained(generation);
}

void Worker::orphan_children(Exchange& e) {
    for (Exchange* child = e.children; child != nullptr;) {
        Exchange* next = child->sibling;
        child->cancelled = true;
        child->parent = nullptr;
        if (child->ended) release(*child);
        child = next;
    }
    e.children = nullptr;
}

void Worker::lend_room(Exchange& e) {
    e.send_buffer = large_room_.data();
    e.send_size = dns::message_size_max;
    if (e.origin == Origin::udp) e.udp->lend(e);
}

// -- Suspension --

bool Worker::take_slot(Exchange& e) {
    if (e.slot != 0) return true;
    if (suspended_count_ >= limits_.suspended) {
        count(metrics_.suspended_full);
        return false;
    }
    if (free_slots_.empty()) {
        if (slots_used_ == slots_max) return false;
        e.slot = slots_used_++;
    } else {
        e.slot = free_slots_.back();
        free_slots_.pop_back();
    }
    slots_[e.slot].exchange = &e;
    ++suspended_count_;
    return true;
}

loom_token Worker::suspend(Exchange& e, std::uint64_t timeout_ns) {
    if (e.suspension != Suspension::none) disarm(e);
    if (!take_slot(e)) return 0;
    if (++last_nonce_ == 0) last_nonce_ = 1;
    e.nonce = last_nonce_;
    e.wait_stage = e.stage;
    e.suspension = Suspension::armed;
    std::uint64_t due = e.deadline_ns;
    if (timeout_ns != 0 && timeout_ns < due - std::min(due, now_ns())) due = now_ns() + timeout_ns;
    e.timer_id = add_timer_at(due, on_deadline, &e, nullptr);
    slots_[e.slot].armed.store(e.nonce, std::memory_order_release);
    return make_token(number(), e.slot, e.nonce);
}

loom_status Worker::resume(loom_token token, std::int32_t reason, void* arg) {
    const auto slot = static_cast<std::uint32_t>(token & ((1U << slot_bits) - 1));
    auto nonce = static_cast<std::uint32_t>(token >> 32U);
    if (slot == 0 || slot >= slots_max || nonce == 0) return LOOM_E_STALE;
    if (!slots_[slot].armed.compare_exchange_strong(nonce, 0, std::memory_order_acq_rel))
        return LOOM_E_STALE;
    if (EventLoop::current() == this) {
        resume_claimed(token, reason, arg);
    } else {
        post([this, token, reason, arg] { resume_claimed(token, reason, arg); });
    }
    return LOOM_OK;
}

void Worker::resume_claimed(loom_token token, std::int32_t reason, void* arg) {
    Exchange* found = slots_[token & ((1U << slot_bits) - 1)].exchange;
    // Between the claim and now the hook may have decided otherwise.
    if (!found || found->nonce != static_cast<std::uint32_t>(token >> 32U) ||
        (found->suspension != Suspension::waiting && found->suspension != Suspension::armed))
        return;
    Exchange& e = *found;
    cancel_timer(e.timer_id);
    e.resume_reason = reason;
    e.resume_argument = arg;
    e.suspension = Suspension::resumed;
    enqueue(e);
}

void Worker::on_deadline(void* exchange) {
    auto& e = *static_cast<Exchange*>(exchange);
    Worker& worker = *e.host_worker;
    // The hook that suspended is still running, or a resume is on its way from another thread.
    if (e.suspension != Suspension::waiting) return;
    worker.count(worker.metrics_.timeouts);
    worker.cancel(e, dns::ede_code::no_reachable_authority);
}

void Worker::cancel(Exchange& e, std::uint16_t extended_error) {
    std::uint32_t nonce = e.nonce;
    if (!slots_[e.slot].armed.compare_exchange_strong(nonce, 0, std::memory_order_acq_rel)) return;
    cancel_timer(e.timer_id);
    const Turn turn{*this};
    e.now_ns = now_ns();
    // Time for the response hooks: they may suspend, too.
    e.deadline_ns = std::max(e.deadline_ns, now_ns() + 1'000'000'000U);
    lend_room(e);
    finish(e, walk_cancelled(e, extended_error));
}

// -- Sub-queries --

Exchange* Worker::make_subquery(
    const Exchange& like, std::span<const std::uint8_t> qname, std::uint16_t qtype,
    std::uint16_t qclass) {
    Exchange* e = take_exchange();
    // Names from plugins are checked like those from the network.
    if (!e->name.assign(services_.hash_key, qname) || e->name.size != qname.size()) {
        recycle(e);
        return nullptr;
    }
    reset_exchange(*e);
    static_cast<loom_query&>(*e) = like;
    e->host_worker = this;
    e->flags = like.flags | LOOM_QUERY_SUBQUERY | LOOM_QUERY_STREAM;
    e->qtype = qtype;
    e->qclass = qclass;
    e->phase = LOOM_PHASE_QUERY;
    e->label_count = e->name.label_count;
    e->reply_max = dns::message_size_max;
    e->qname = {e->name.octets.data(), e->name.size};
    e->qname_lower = {e->name.lower.data(), e->name.size};
    e->suffix_hash = e->name.suffix_hash.data();
    e->label_offset = e->name.label_offset.data();
    e->now_ns = now_ns();
    e->received_ns = e->now_ns;
    e->client_address = *like.client;
    e->local_address = *like.local;
    e->client = &e->client_address;
    e->local = &e->local_address;
    e->listener = like.listener;
    e->udp = nullptr;
    e->tcp = nullptr;
    e->slot = 0;
    e->ended = false;
    e->depth = static_cast<std::uint16_t>(like.depth + 1);
    // The message as a client would have sent it, so that `wire` and the question agree.
    const auto wire = static_cast<std::uint8_t*>(
        e->arena.allocate(dns::header_size + e->name.size + 4, 1));
    std::memset(wire, 0, dns::header_size);
    if ((e->flags & LOOM_QUERY_RD) != 0) wire[2] = 1;
    wire[5] = 1;
    std::memcpy(wire + dns::header_size, e->name.octets.data(), e->name.size);
    dns::store_u16(wire + dns::header_size + e->name.size, qtype);
    dns::store_u16(wire + dns::header_size + e->name.size + 2, qclass);
    e->wire = {wire, dns::header_size + e->name.size + 4};
    e->edns_options = {};
    e->detached = true;
    e->generation_pin = like.generation_pin;
    ++e->generation_pin->in_flight;
    e->epoch = epochs_.back().number;
    ++epochs_.back().waiting;
    count(metrics_.subqueries);
    return e;
}

loom_status Worker::ask(
    Exchange& parent, std::span<const std::uint8_t> qname, std::uint16_t qtype,
    std::uint16_t qclass, std::int32_t from, loom_token token) {
    if (parent.depth >= depth_max) return LOOM_E_LIMIT;
    Exchange* outermost = &parent;
    while (outermost->parent) outermost = outermost->parent;
    if (outermost->subqueries >= subqueries_max) return LOOM_E_LIMIT;

    Exchange* e = make_subquery(parent, qname, qtype, qclass);
    if (!e) return LOOM_E_ARGUMENT;
    ++outermost->subqueries;
    e->origin = Origin::subquery;
    e->parent = &parent;
    e->parent_token = token;
    e->deadline_ns = parent.deadline_ns;
    e->sibling = parent.children;
    parent.children = e;
    e->from_top = from == LOOM_FROM_TOP;
    e->first_stage = e->from_top ? 0 : static_cast<std::uint16_t>(parent.stage + 1);
    enqueue(*e);
    return LOOM_OK;
}

loom_status Worker::ask_in_background(
    Exchange& like, const Instance& asker, void (*done)(void*, loom_query*), void* arg) {
    if (like.depth >= depth_max || suspended_count_ >= limits_.suspended) return LOOM_E_LIMIT;
    Exchange* e = make_subquery(
        like, {like.qname.data, like.qname.size}, like.qtype, like.qclass);
    if (!e) return LOOM_E_ARGUMENT;
    e->origin = Origin::background;
    e->done = done;
    e->done_argument = arg;
    e->asker = &asker;
    e->deadline_ns = now_ns() + limits_.query_timeout_ns;
    e->from_top = false;
    e->pipeline = like.pipeline;
    e->zone = like.zone;
    e->first_stage = static_cast<std::uint16_t>(like.stage + 1);
    enqueue(*e);
    return LOOM_OK;
}

// -- The end of a turn --

void Worker::enqueue(Exchange& e) {
    e.next = nullptr;
    (queue_last_ ? queue_last_->next : queue_first_) = &e;
    queue_last_ = &e;
}

bool Worker::run_queued() {
    if (!queue_first_) return false;
    while (queue_first_) {
        Exchange& e = *queue_first_;
        queue_first_ = e.next;
        if (!queue_first_) queue_last_ = nullptr;
        e.next = nullptr;
        e.now_ns = now_ns();
        lend_room(e);
        if (e.suspension == Suspension::resumed) {
            finish(e, walk_resumed(e));
            continue;
        }
        // A sub-query that begins.
        if (e.cancelled) {
            release(e);
            continue;
        }
        if (!e.from_top) {
            e.pipeline = e.parent ? e.parent->pipeline : e.pipeline;
            e.stage = e.first_stage;
            finish(e, walk(e));
            continue;
        }
        const auto& routers = e.generation_pin->routers;
        const Router* router = e.listener < routers.size() ? routers[e.listener] : nullptr;
        const auto route = router ? router->find(e) : std::nullopt;
        if (!route) {
            set_error(e, dns::rcode::refused);
            finish(e, Walk::done);
            continue;
        }
        e.zone = {route->zone.data(), route->zone.size()};
        enter(e, *e.generation_pin, route->server);
        finish(e, walk(e));
    }
    return true;
}

void Worker::flush_later(UdpListener& listener) { unsent_udp_.push_back(&listener); }
void Worker::flush_later(TcpSession& session) { unsent_tcp_.push_back(&session); }

bool Worker::settle() {
    const bool ran = run_queued();
    for (UdpListener* listener : unsent_udp_) listener->flush();
    unsent_udp_.clear();
    // Sending may close a session, but the list keeps it until here.
    for (std::size_t i = 0; i < unsent_tcp_.size(); ++i) unsent_tcp_[i]->flush();
    unsent_tcp_.clear();
    forgotten_.clear();
    services_.log.flush_thread();
    return ran;
}

}  // namespace loom::host
