// SPDX-License-Identifier: Apache-2.0
#include "dispatcher.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace loom::forward {
namespace {

/// Before the host's own deadline, which says nothing of upstreams.
constexpr std::uint64_t deadline_margin_ns = 2 * DeadlineWheel::tick_ns;
constexpr std::chrono::nanoseconds probe_patience = std::chrono::seconds{1};
constexpr std::chrono::nanoseconds fair_wait = std::chrono::milliseconds{100};

Leg make_leg(std::size_t upstream, std::uint16_t id, std::uint64_t now_ns) {
    return {.sent_ns = now_ns, .id = id, .upstream = static_cast<std::uint8_t>(upstream)};
}

std::chrono::nanoseconds nanoseconds(std::uint64_t ns) {
    return std::chrono::nanoseconds{static_cast<std::int64_t>(ns)};
}

Failure network_failure(std::size_t upstream, int error) {
    return {Failure::Kind::network, static_cast<std::uint8_t>(upstream), error};
}

Failure no_room(std::size_t upstream) {
    return {Failure::Kind::no_room, static_cast<std::uint8_t>(upstream), 0};
}

}  // namespace

Dispatcher::Dispatcher(
    const Host& host,
    const Settings& settings,
    const ForwardMetrics& metrics,
    Health& health,
    const TlsContexts& contexts,
    const AddressTable* addresses,
    std::uint32_t worker)
    : host_{host},
      settings_{settings},
      metrics_{metrics},
      health_{health},
      contexts_{contexts},
      addresses_{addresses},
      worker_{worker},
      chooser_{settings.policy, settings.to.size(), ids_},
      hedge_budget_{settings.hedge},
      timer_{host, worker, [this] { on_timer(); }} {
    for (std::size_t i = 0; i < settings.to.size(); ++i)
        upstreams_.push_back(make_upstream(i, settings.to[i]));
    if (addresses_) chooser_.use(0);
}

Exchange* Dispatcher::open(const Ask& ask, Path path) {
    auto* exchange = exchanges_.take();
    if (!exchange) return nullptr;
    exchange->path = path;
    if (addresses_ && addresses_->generation() != generation_) take_addresses();
    exchange->attempts_left = exchange->attempts_most = attempts();
    exchange->query.write(ask);
    if (settings_.case_randomization) exchange->query.randomize_case(ids_);
    return exchange;
}

void Dispatcher::launch(
    Exchange& exchange, loom_token token, std::uint64_t deadline_ns, std::uint64_t now_ns) {
    exchange.token = token;
    exchange.state = Exchange::State::waiting;
    // With less time than that, what counts is to have sent the query at all.
    const bool has_time = deadline_ns > now_ns + deadline_margin_ns;
    exchange.deadline_ns = has_time ? deadline_ns - deadline_margin_ns : deadline_ns;
    if (hedge_budget_.is_on()) hedge_budget_.earn();
    next_attempt(exchange, now_ns);
}

void Dispatcher::close(Exchange& exchange) {
    forget_all(exchange);
    octets_.give(std::exchange(exchange.reply, {}));
    exchanges_.give(exchange);
}

void Dispatcher::next_attempt(Exchange& exchange, std::uint64_t now_ns) {
    if (addresses_ && addresses_->generation() != generation_) take_addresses();
    if (chooser_.all() == 0) return park(exchange, now_ns);
    while (exchange.attempts_left != 0 && now_ns < exchange.deadline_ns) {
        // Better than the reply that is there would only be one of another.
        if (exchange.has_reply && untried(exchange) == 0) break;
        --exchange.attempts_left;
        if ((chooser_.all() & ~exchange.tried) == 0) exchange.tried = 0;
        const auto choice = chooser_.next(exchange.tried, health_.down(), health_.on_trial());
        if (choice.all_down) metrics_.health_check_broken(worker_);
        exchange.tried |= UpstreamSet{1} << choice.upstream;
        if (send(exchange, choice.upstream, exchange.path, now_ns)) return;
    }
    finish(exchange);
}

bool Dispatcher::send(Exchange& exchange, std::size_t upstream, Path path, std::uint64_t now_ns) {
    if (settings_.to[upstream].is_encrypted()) path = Path::tcp;
    const bool sent = path == Path::udp ? send_udp(exchange, upstream, now_ns)
                                        : send_tcp(exchange, upstream, now_ns);
    if (!sent) {
        // What this machine lacks is not the upstream's fault.
        last_failure_ = exchange.failure;
        if (exchange.failure.kind == Failure::Kind::network) note_failure(upstream, now_ns);
        return false;
    }
    metrics_.request(worker_, upstream);
    const auto wait = static_cast<std::uint64_t>(patience(exchange, upstream, path).count());
    auto due_ns = now_ns + wait;
    if (!exchange.is_probe) due_ns = std::min(due_ns, exchange.deadline_ns);
    exchange.attempt_due_ns = due_ns;
    const auto hedge_ns = hedging_time(exchange, upstream, now_ns);
    exchange.may_hedge = hedge_ns && *hedge_ns < due_ns;
    set_deadline(exchange, exchange.may_hedge ? *hedge_ns : due_ns, now_ns);
    return true;
}

bool Dispatcher::send_udp(Exchange& exchange, std::size_t upstream, std::uint64_t now_ns) {
    const auto socket = upstreams_[upstream]->udp.pick(now_ns, ids_);
    if (!socket) {
        exchange.failure = network_failure(upstream, socket.error());
        return false;
    }
    const bool is_first = !(*socket)->has_unsent();
    const auto id = (*socket)->enlist(exchange.index, ids_);
    if (!id) {
        exchange.failure = no_room(upstream);
        return false;
    }
    if (is_first) {
        unsent_udp_.push_back(*socket);
        if (settings_.cookies)
            upstreams_[upstream]->cookie.use_source((*socket)->local_address(), ids_);
    }
    set_cookie(exchange, upstream, now_ns);
    schedule_flush();
    add_leg(exchange, make_leg(upstream, *id, now_ns));
    exchange.current.udp = *socket;
    return true;
}

bool Dispatcher::send_tcp(Exchange& exchange, std::size_t upstream, std::uint64_t now_ns) {
    const auto connection = upstreams_[upstream]->tcp.pick();
    if (!connection) {
        exchange.failure = network_failure(upstream, connection.error());
        return false;
    }
    set_cookie(exchange, upstream, now_ns);
    const auto id = (*connection)->enlist(exchange.index, exchange.query, ids_);
    if (!id) {
        exchange.failure = no_room(upstream);
        return false;
    }
    unsent_tcp_.push_back(*connection);
    schedule_flush();
    add_leg(exchange, make_leg(upstream, *id, now_ns));
    exchange.current.tcp = *connection;
    exchange.current.on_pooled = (*connection)->is_open();
    return true;
}

void Dispatcher::set_cookie(Exchange& exchange, std::size_t upstream, std::uint64_t now_ns) {
    if (!settings_.cookies) return;
    const auto& cookie = upstreams_[upstream]->cookie;
    // An upstream that stays silent may be one that chokes on cookies.
    const bool is_welcome = is_first_round(exchange) || cookie.is_due(now_ns);
    if (is_welcome && !cookie.octets().empty())
        exchange.query.set_cookie(cookie.octets());
    else
        exchange.query.drop_cookie();
}

UpstreamSet Dispatcher::untried(const Exchange& exchange) const {
    return chooser_.all() & ~exchange.tried & ~health_.down();
}

bool Dispatcher::is_first_round(const Exchange& exchange) {
    return 2 * exchange.attempts_left + 1 >= exchange.attempts_most;
}

std::chrono::nanoseconds
Dispatcher::patience(const Exchange& exchange, std::size_t upstream, Path path) const {
    if (exchange.is_probe) return std::min(settings_.read_timeout, probe_patience);
    // The first round moves on quickly; in the second, the upstreams may take all the time there is.
    if (path == Path::udp && is_first_round(exchange) && exchange.attempts_left != 0)
        return upstreams_[upstream]->round_trip.patience(settings_.read_timeout);
    return settings_.read_timeout;
}

void Dispatcher::fail_attempt(
    Exchange& exchange, const Failure& failure, Count count, std::uint64_t now_ns) {
    exchange.failure = last_failure_ = failure;
    wheel_.erase(exchange.index);
    if (count == Count::yes) note_failure(failure.upstream, now_ns);
    if (exchange.is_probe)
        rest_probe(exchange, now_ns);
    else
        next_attempt(exchange, now_ns);
}

void Dispatcher::finish(Exchange& exchange) {
    forget_all(exchange);
    exchange.state = Exchange::State::finished;
    if (host_.resume(exchange.token, reason_finished, &exchange) != LOOM_OK) close(exchange);
}

void Dispatcher::add_leg(Exchange& exchange, const Leg& leg) {
    if (exchange.current.is_set()) {
        forget(exchange.former);
        exchange.former = exchange.current;
    }
    exchange.current = leg;
}

void Dispatcher::forget(Leg& leg) {
    if (leg.udp) leg.udp->forget(leg.id);
    if (leg.tcp) leg.tcp->forget(leg.id);
    leg = {};
}

void Dispatcher::forget_all(Exchange& exchange) {
    forget(exchange.current);
    forget(exchange.former);
    wheel_.erase(exchange.index);
}

void Dispatcher::set_deadline(Exchange& exchange, std::uint64_t due_ns, std::uint64_t now_ns) {
    wheel_.erase(exchange.index);
    arm_timer(wheel_.insert(exchange.index, due_ns, now_ns), now_ns);
}

void Dispatcher::arm_timer(std::uint64_t at_ns, std::uint64_t now_ns) {
    if (timer_.armed() && timer_at_ns_ <= at_ns) return;
    timer_at_ns_ = at_ns;
    timer_.arm(std::chrono::nanoseconds{at_ns > now_ns ? at_ns - now_ns : 0});
}

void Dispatcher::on_timer() {
    const auto now_ns = host_.monotonic_ns();
    while (const auto index = wheel_.pop_due(now_ns)) on_deadline(exchanges_.at(*index), now_ns);
    if (const auto next_ns = wheel_.next_ns()) arm_timer(*next_ns, now_ns);
}

void Dispatcher::on_deadline(Exchange& exchange, std::uint64_t now_ns) {
    if (exchange.state == Exchange::State::parked) return unpark(exchange, now_ns);
    if (exchange.state == Exchange::State::resting) return end_or_repeat_probe(exchange, now_ns);
    if (exchange.may_hedge && now_ns < exchange.attempt_due_ns) return hedge(exchange, now_ns);
    const auto leg = exchange.current;
    chooser_.note_loss(leg.upstream, nanoseconds(now_ns - leg.sent_ns));
    // A connection that is stuck would hold up every later query, too. A UDP leg stays: late is
    // better than never.
    if (leg.tcp) {
        forget(exchange.current);
        leg.tcp->drain();
    }
    const auto count = is_to_blame(leg, now_ns) ? Count::yes : Count::no;
    fail_attempt(exchange, {Failure::Kind::timed_out, leg.upstream, 0}, count, now_ns);
}

bool Dispatcher::is_to_blame(const Leg& leg, std::uint64_t now_ns) const {
    // If others had replies meanwhile, it is this question that takes long, not the upstream.
    if (upstreams_[leg.upstream]->last_reply_ns > leg.sent_ns) return false;
    // The query may have had little time left.
    const auto fair = std::min(settings_.read_timeout, fair_wait).count();
    return now_ns - leg.sent_ns >= static_cast<std::uint64_t>(fair);
}

void Dispatcher::schedule_flush() {
    if (flush_scheduled_) return;
    flush_scheduled_ = true;
    const auto status = host_.loop_service()->defer(
        &host_.table(),
        worker_,
        [](void* self) {
            auto& dispatcher = *static_cast<Dispatcher*>(self);
            try {
                dispatcher.flush();
            } catch (const std::exception& e) {
                dispatcher.flush_scheduled_ = false;
                dispatcher.host_.report_exception("defer", e.what());
            }
        },
        this);
    if (status != LOOM_OK) flush_scheduled_ = false;
}

void Dispatcher::flush() {
    const auto now_ns = host_.monotonic_ns();
    for (auto& upstream : upstreams_) upstream->udp.end_batch();
    // What fails to be sent is attempted elsewhere at once, and so may fill the lists again.
    while (!unsent_udp_.empty() || !unsent_tcp_.empty()) {
        sending_udp_.swap(unsent_udp_);
        for (auto* socket : sending_udp_)
            if (const auto error = socket->flush(exchanges_)) on_udp_error(*socket, *error, now_ns);
        sending_udp_.clear();
        sending_tcp_.swap(unsent_tcp_);
        for (auto* connection : sending_tcp_) connection->flush();
        sending_tcp_.clear();
    }
    for (auto& upstream : upstreams_) {
        upstream->udp.end_batch();
        upstream->udp.collect();
        upstream->tcp.collect();
    }
    if (!former_.empty()) collect_former();
    flush_scheduled_ = false;
}

}  // namespace loom::forward
