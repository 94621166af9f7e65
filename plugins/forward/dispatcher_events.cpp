// SPDX-License-Identifier: Apache-2.0
// What comes from the network: replies, and errors of sockets and connections.
#include "dispatcher.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/dns/wire.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace loom::forward {
namespace {

/// Rounds of recvmmsg before other work gets its turn.
constexpr int receive_rounds = 4;
constexpr std::uint64_t tls_log_pause_ns = 60'000'000'000;

Ignored reason_of(ReplyFault fault) {
    return fault == ReplyFault::malformed ? Ignored::malformed : Ignored::wrong_question;
}

/// An exchange may be there twice, with both its legs.
std::vector<std::uint32_t> owners_once(const InflightTable& table) {
    auto owners = table.owners();
    std::ranges::sort(owners);
    owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
    return owners;
}

double seconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

std::uint64_t since(std::uint64_t then_ns, std::uint64_t now_ns) {
    return now_ns > then_ns ? now_ns - then_ns : 0;
}

}  // namespace

void Dispatcher::on_udp_readable(UdpSocket& socket) {
    const auto now_ns = host_.monotonic_ns();
    for (int round = 0; round < receive_rounds; ++round) {
        const int count = received_.receive(socket.fd());
        if (count == -EAGAIN || count == -EINTR) return;
        if (count < 0) return on_udp_error(socket, -count, now_ns);
        const auto datagrams = static_cast<std::size_t>(count);
        for (std::size_t i = 0; i < datagrams; ++i) on_datagram(socket, i, now_ns);
        if (datagrams < ReceiveBatch::datagrams_max) return;
    }
}

void Dispatcher::on_datagram(UdpSocket& socket, std::size_t index, std::uint64_t now_ns) {
    const auto octets = received_.octets(index);
    if (octets.size() < dns::header_size) return metrics_.ignored(worker_, Ignored::malformed);
    const auto id = dns::load_u16(octets.data());
    const auto owner = socket.inflight().find(id);
    if (!owner) return metrics_.ignored(worker_, Ignored::unknown_id);

    auto& exchange = exchanges_.at(*owner);
    const auto question = exchange.query.question();
    auto checked =
        received_.is_cut(index) ? check_question(octets, question) : check_reply(octets, question);
    // It may be forged; the true one may yet come.
    if (!checked) return metrics_.ignored(worker_, reason_of(checked.error()));
    if (received_.is_cut(index)) checked->is_truncated = true;

    const auto& current = exchange.current;
    const auto leg = current.is_on(socket) && current.id == id ? current : exchange.former;
    const auto judgement = judge(exchange, leg, *checked, octets, now_ns);
    if (judgement.trust != Trust::sure) {
        metrics_.ignored(worker_, judgement.reason);
        if (judgement.trust == Trust::doubtful) ask_over_tcp(exchange, leg, now_ns);
        return;
    }
    take_reply(exchange, leg, *checked, received_.take(index), now_ns);
}

void Dispatcher::take_reply(
    Exchange& exchange,
    const Leg& leg,
    const CheckedReply& checked,
    Octets octets,
    std::uint64_t now_ns) {
    const auto took_ns = since(leg.sent_ns, now_ns);
    note_time(leg, took_ns, now_ns);
    note_success(leg.upstream);
    if (exchange.is_probe) {
        forget_all(exchange);
        octets_.give(std::move(octets));
        return end_or_repeat_probe(exchange, now_ns);
    }
    metrics_.response(worker_, leg.upstream, checked.rcode, seconds(took_ns));
    const bool has_other = forget_one(exchange, leg);
    if (ask_differently(exchange, leg, checked, now_ns)) return octets_.give(std::move(octets));
    octets_.give(std::exchange(exchange.reply, std::move(octets)));
    exchange.has_reply = true;
    exchange.answered_by = leg.upstream;
    exchange.checked = checked;
    if (has_other && awaits_better(exchange)) return;
    if (!fail_over(exchange, now_ns)) finish(exchange);
}

void Dispatcher::note_time(const Leg& leg, std::uint64_t took_ns, std::uint64_t now_ns) {
    auto& upstream = *upstreams_[leg.upstream];
    upstream.last_reply_ns = now_ns;
    const std::chrono::nanoseconds took{static_cast<std::int64_t>(took_ns)};
    if (leg.udp) upstream.round_trip.note(took);
    if (settings_.policy == Policy::least_latency) chooser_.note_reply(leg.upstream, took);
    if (hedge_budget_.is_on()) upstream.latency.note(took);
}

bool Dispatcher::forget_one(Exchange& exchange, const Leg& leg) {
    const bool is_current = exchange.current.is_same(leg);
    forget(is_current ? exchange.current : exchange.former);
    if (is_current) std::swap(exchange.current, exchange.former);
    return exchange.current.is_set();
}

bool Dispatcher::awaits_better(const Exchange& exchange) const {
    const auto rcode = exchange.checked.rcode;
    const bool says_nothing = rcode == dns::rcode::servfail || rcode == dns::rcode::refused;
    return (exchange.is_hedged && says_nothing) || settings_.fails_over(rcode);
}

bool Dispatcher::fail_over(Exchange& exchange, std::uint64_t now_ns) {
    if (!settings_.fails_over(exchange.checked.rcode)) return false;
    if (untried(exchange) == 0) return false;
    wheel_.erase(exchange.index);
    next_attempt(exchange, now_ns);
    return true;
}

bool Dispatcher::ask_differently(
    Exchange& exchange, const Leg& leg, const CheckedReply& checked, std::uint64_t now_ns) {
    auto path = leg.path();
    const bool chokes = checked.rcode == dns::rcode::formerr || checked.rcode == dns::rcode::notimp;
    if (checked.rcode == dns::rcode::badcookie && exchange.query.has_cookie()) {
        renew_cookie(exchange, leg, now_ns);
        return true;
    }
    if (checked.is_truncated && path == Path::udp)
        path = Path::tcp;
    else if (chokes && exchange.query.has_opt())
        exchange.query.drop_opt();
    else
        return false;
    if (now_ns >= exchange.deadline_ns || !send(exchange, leg.upstream, path, now_ns))
        next_attempt(exchange, now_ns);
    return true;
}

void Dispatcher::on_udp_error(UdpSocket& socket, int error, std::uint64_t now_ns) {
    const auto upstream = static_cast<std::uint8_t>(socket.upstream());
    const auto owners = owners_once(socket.inflight());
    // An error that comes when nobody waits is about a query that was given up before.
    if (owners.empty()) return;
    for (const auto owner : owners) {
        auto& exchange = exchanges_.at(owner);
        if (exchange.former.is_on(socket)) forget(exchange.former);
    }
    std::vector<std::uint32_t> failed;
    for (const auto owner : owners) {
        auto& exchange = exchanges_.at(owner);
        if (!exchange.current.is_on(socket)) continue;
        forget(exchange.current);
        failed.push_back(owner);
    }
    // One failure, however many queries it hit, and known before they go elsewhere.
    note_failure(upstream, now_ns);
    for (const auto owner : failed)
        fail_attempt(
            exchanges_.at(owner), {Failure::Kind::network, upstream, error}, Count::no, now_ns);
}

void Dispatcher::on_tcp_reply(TcpConnection& connection, std::span<const std::uint8_t> message) {
    const auto now_ns = host_.monotonic_ns();
    const auto id = message.size() >= 2 ? dns::load_u16(message.data()) : std::uint16_t{0};
    const auto owner = connection.inflight().find(id);
    if (message.size() < dns::header_size) {
        metrics_.ignored(worker_, Ignored::malformed);
        return connection.close_with(EPROTO);
    }
    if (!owner) return metrics_.ignored(worker_, Ignored::unknown_id);

    auto& exchange = exchanges_.at(*owner);
    const auto leg = exchange.current.is_on(connection) ? exchange.current : exchange.former;
    const auto checked = check_reply(message, exchange.query.question());
    const auto judgement = checked ? judge(exchange, leg, *checked, message, now_ns) : Judgement{};
    if (checked && !checked->is_truncated && judgement.trust == Trust::sure) {
        auto octets = octets_.take();
        octets.assign(message.begin(), message.end());
        return take_reply(exchange, leg, *checked, std::move(octets), now_ns);
    }
    // Nobody can forge into a stream: it is the upstream that talks nonsense, or cuts replies that
    // have all the room there is.
    const auto reason = !checked                         ? reason_of(checked.error())
                        : judgement.trust == Trust::sure ? Ignored::malformed
                                                         : judgement.reason;
    metrics_.ignored(worker_, reason);
    forget_all(exchange);
    connection.close_with(EPROTO);
    fail_attempt(exchange, {Failure::Kind::malformed, leg.upstream, 0}, Count::yes, now_ns);
}

void Dispatcher::on_tcp_open(TcpConnection& connection) {
    if (const auto* tls = connection.tls())
        metrics_.handshake(
            worker_,
            connection.upstream(),
            tls->is_resumed() ? Handshake::resumed : Handshake::full);
}

void Dispatcher::on_tcp_refused(TcpConnection& connection, std::uint16_t id, const Failure& why) {
    const auto now_ns = host_.monotonic_ns();
    const auto owner = connection.inflight().find(id);
    if (!owner) return metrics_.ignored(worker_, Ignored::unknown_id);
    auto failure = why;
    failure.upstream = static_cast<std::uint8_t>(connection.upstream());
    auto& exchange = exchanges_.at(*owner);
    if (!exchange.current.is_on(connection) || exchange.current.id != id) {
        forget(exchange.former);
        return note_failure(failure.upstream, now_ns);
    }
    const auto leg = exchange.current;
    forget(exchange.current);
    if (failure.kind == Failure::Kind::network && reconnect(exchange, leg, now_ns)) return;
    fail_attempt(exchange, failure, Count::yes, now_ns);
}

void Dispatcher::note_tls_failure(const Failure& failure, std::uint64_t now_ns) {
    metrics_.handshake(
        worker_,
        failure.upstream,
        failure.kind == Failure::Kind::certificate ? Handshake::certificate : Handshake::failed);
    // Probes find the same again and again.
    auto& upstream = *upstreams_[failure.upstream];
    const bool is_known = upstream.logged.kind == failure.kind &&
                          upstream.logged.error == failure.error &&
                          since(upstream.logged_ns, now_ns) < tls_log_pause_ns;
    if (is_known) return;
    upstream.logged = failure;
    upstream.logged_ns = now_ns;
    const auto& to = settings_.to[failure.upstream].text;
    host_.log(LOOM_LOG_WARNING, "no TLS with upstream", {{"reason", describe(failure, to)}});
}

void Dispatcher::on_tcp_closed(TcpConnection& connection, const Failure& why) {
    const auto now_ns = host_.monotonic_ns();
    const auto upstream = static_cast<std::uint8_t>(connection.upstream());
    schedule_flush();  // Which frees it.
    std::vector<std::pair<std::uint32_t, Leg>> lost;
    for (const auto owner : owners_once(connection.inflight())) {
        auto& exchange = exchanges_.at(owner);
        if (exchange.former.is_on(connection)) forget(exchange.former);
        if (!exchange.current.is_on(connection)) continue;
        lost.emplace_back(owner, exchange.current);
        forget(exchange.current);
    }
    auto failure = why;
    failure.upstream = upstream;
    if (why.is_of_tls()) note_tls_failure(failure, now_ns);
    if (why.kind == Failure::Kind::network && why.error == 0) failure.error = ECONNRESET;
    auto count = Count::yes;  // One failure, however many queries it hit.
    for (const auto& [owner, leg] : lost) {
        auto& exchange = exchanges_.at(owner);
        if (reconnect(exchange, leg, now_ns)) continue;
        fail_attempt(exchange, failure, std::exchange(count, Count::no), now_ns);
    }
}

bool Dispatcher::reconnect(Exchange& exchange, const Leg& lost, std::uint64_t now_ns) {
    // A server may close what was idle just when a query is on its way (RFC 7766 section 6.2.3).
    if (!lost.on_pooled || exchange.reconnected || now_ns >= exchange.deadline_ns) return false;
    exchange.reconnected = true;
    return send(exchange, lost.upstream, Path::tcp, now_ns);
}

}  // namespace loom::forward
