// SPDX-License-Identifier: Apache-2.0
#include "worker.hpp"

#include "tcp_listener.hpp"
#include "tcp_session.hpp"
#include "udp_listener.hpp"
#include "../generation/instance.hpp"
#include "../pipeline/reply.hpp"
#include "../pipeline/reply_options.hpp"
#include "../pipeline/response_service.hpp"
#include "../pipeline/router.hpp"
#include "../services/log.hpp"
#include "../services/metric_registry.hpp"

#include <dnsloom/abi/plugin.h>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/message.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <latch>

#include <pthread.h>

namespace loom::host {

Worker::Worker(std::uint32_t number, Services& services, const WorkerMetrics& metrics)
    : EventLoop{number, services.clock}, services_{services}, metrics_{metrics},
      suspensions_{number}, large_room_(dns::message_size_max + 1) {}

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
    suspensions_.for_each_waiting([&](Exchange& e) {
        if (!generation || e.generation_pin == generation) cancel(e, dns::ede_code::not_ready);
    });
}

// -- Listeners --

void Worker::add_udp(std::uint32_t slot, int fd) {
    udp_.push_back(std::make_unique<UdpListener>(*this, slot, fd));
}

void Worker::add_tcp(std::uint32_t slot, int fd) {
    tcp_.push_back(std::make_unique<TcpListener>(*this, slot, fd));
}

void Worker::remove_listener(std::uint32_t slot) {
    // Queries in flight may end meanwhile, but no listener goes before all have retired.
    const Turn turn{*this};
    // Queries in flight may still be answered through the object: it stays, and its socket is
    // closed when they are done.
    for (const auto& listener : udp_)
        if (listener->slot() == slot) listener->retire();
    free_unused_listeners();
    std::erase_if(tcp_, [&](const auto& listener) { return listener->slot() == slot; });
    close_sessions([&](const TcpSession& session) { return session.listener() == slot; });
}

void Worker::close_listeners() {
    const Turn turn{*this};
    for (const auto& listener : udp_) listener->retire();
    tcp_.clear();
    close_sessions([](const TcpSession&) { return true; });
}

void Worker::free_unused_listeners() {
    listeners_unused_ = false;
    for (const auto& listener : udp_)
        if (listener->is_unused()) listener->flush();
    std::erase_if(unsent_udp_, [](const UdpListener* listener) { return listener->is_unused(); });
    std::erase_if(udp_, [](const auto& listener) { return listener->is_unused(); });
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
        finish(e, refuse(e));
        return;
    }
    finish(e, walk(e));
}

Walk Worker::refuse(Exchange& e) {
    e.pipeline = nullptr;
    count(metrics_.no_zone);
    set_error(e, dns::rcode::refused);
    add_extended_error(e, dns::ede_code::not_authoritative, {});
    return Walk::done;
}

// A server left the query to others: to the next that fits, until one keeps it.
Walk Worker::go_elsewhere(Exchange& e) {
    const WorkerGeneration& generation = *e.generation_pin;
    const Router& router = *generation.routers[e.listener];
    Walk end = Walk::elsewhere;
    while (end == Walk::elsewhere) {
        if (e.suspension != Suspension::none) disarm(e);
        leave_pipeline(e);
        const Router::Route left{
            e.pipeline->server, dns::NameView::from_trusted({e.zone.data, e.zone.size})};
        const auto route = router.find_next(e, left);
        if (!route) return refuse(e);
        e.zone = {route->zone.data(), route->zone.size()};
        enter(e, generation, route->server);
        end = walk(e);
    }
    return end;
}

void Worker::enter(Exchange& e, const WorkerGeneration& generation, std::uint32_t server) {
    e.pipeline = &generation.pipelines[server];
    e.generation = static_cast<std::uint32_t>(generation.number);
}

void Worker::finish(Exchange& e, Walk walk) {
    if (walk == Walk::elsewhere) [[unlikely]]
        walk = go_elsewhere(e);
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
    cancel_timer(e.timer_id);
    if (e.suspension == Suspension::resumed) {
        Exchange* before = nullptr;
        for (Exchange* at = queue_first_; at != &e; at = at->next) before = at;
        (before ? before->next : queue_first_) = e.next;
        if (queue_last_ == &e) queue_last_ = before;
    }
    suspensions_.disarm(e);
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
        e.epoch = epochs_.enter();
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
    if (e.slot != 0) suspensions_.release(e);
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
    epochs_.leave(epoch);
    if (--generation->in_flight == 0 && generation->retired && on_drained) on_drained(generation);
}

void Worker::lend_room(Exchange& e) {
    e.send_buffer = large_room_.data();
    e.send_size = dns::message_size_max;
    if (e.origin == Origin::udp) e.udp->lend(e);
}

// -- Suspension --

loom_token Worker::suspend(Exchange& e, std::uint64_t timeout_ns) {
    if (e.suspension != Suspension::none) disarm(e);
    const loom_token token = suspensions_.arm(e, limits_.suspended);
    if (token == 0) {
        count(metrics_.suspended_full);
        return 0;
    }
    const std::uint64_t due = suspension_due(now_ns(), e.deadline_ns, timeout_ns);
    e.timer_id = add_timer_at(due, on_deadline, &e, nullptr);
    return token;
}

loom_status Worker::resume(loom_token token, std::int32_t reason, void* arg) {
    if (!suspensions_.claim(token)) return LOOM_E_STALE;
    if (EventLoop::current() == this) {
        resume_claimed(token, reason, arg);
    } else {
        post([this, token, reason, arg] { resume_claimed(token, reason, arg); });
    }
    return LOOM_OK;
}

void Worker::resume_claimed(loom_token token, std::int32_t reason, void* arg) {
    Exchange* e = suspensions_.find_claimed(token);
    if (!e) return;
    cancel_timer(e->timer_id);
    e->resume_reason = reason;
    e->resume_argument = arg;
    e->suspension = Suspension::resumed;
    enqueue(*e);
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
    if (!suspensions_.claim(e)) return;
    cancel_timer(e.timer_id);
    const Turn turn{*this};
    e.now_ns = now_ns();
    // Time for the response hooks: they may suspend, too.
    e.deadline_ns = std::max(e.deadline_ns, now_ns() + 1'000'000'000U);
    lend_room(e);
    finish(e, walk_cancelled(e, extended_error));
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
        } else {
            begin_subquery(e);
        }
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
    if (listeners_unused_) [[unlikely]]
        free_unused_listeners();
    services_.log.flush_thread();
    return ran;
}

}  // namespace loom::host
