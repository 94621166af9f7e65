// SPDX-License-Identifier: Apache-2.0
// Upstreams that fail, and the probes that find them well again.
#include "dispatcher.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/header.hpp>

namespace loom::forward {

void Dispatcher::note_success(std::size_t upstream) {
    if (health_.succeed(upstream) != HealthChange::on_trial) return;
    metrics_.up(upstream, true);
    host_.log(LOOM_LOG_INFO, "upstream is up again", {{"to", settings_.to[upstream].text}});
}

void Dispatcher::note_failure(std::size_t upstream, std::uint64_t now_ns) {
    if (health_.fail(upstream) == HealthChange::down) {
        metrics_.up(upstream, false);
        host_.log(LOOM_LOG_WARNING, "upstream is down", {{"to", settings_.to[upstream].text}});
    }
    if (health_.begin_probing(upstream)) start_probe(upstream, now_ns);
}

void Dispatcher::probe_all(std::uint64_t now_ns) {
    for (std::size_t i = 0; i < upstreams_.size(); ++i)
        if (health_.begin_probing(i)) start_probe(i, now_ns);
}

void Dispatcher::start_probe(std::size_t upstream, std::uint64_t now_ns) {
    const Ask ask{
        .qname = settings_.health_check_domain,
        .qtype = dns::rr_type::ns,
        .flags = settings_.probes_recurse ? dns::flag::rd : std::uint16_t{0}};
    auto* exchange = open(ask, settings_.force_tcp ? Path::tcp : Path::udp);
    if (!exchange) return health_.abandon_probing(upstream);
    exchange->is_probe = true;
    exchange->answered_by = static_cast<std::uint8_t>(upstream);
    send_probe(*exchange, now_ns);
}

void Dispatcher::send_probe(Exchange& exchange, std::uint64_t now_ns) {
    exchange.state = Exchange::State::waiting;
    if (!send(exchange, exchange.answered_by, exchange.path, now_ns)) rest_probe(exchange, now_ns);
}

void Dispatcher::rest_probe(Exchange& exchange, std::uint64_t now_ns) {
    forget_all(exchange);
    metrics_.health_check_failed(worker_, exchange.answered_by);
    exchange.state = Exchange::State::resting;
    const auto pause_ns = static_cast<std::uint64_t>(settings_.health_check.count());
    set_deadline(exchange, now_ns + pause_ns, now_ns);
}

void Dispatcher::end_or_repeat_probe(Exchange& exchange, std::uint64_t now_ns) {
    if (health_.end_probing(exchange.answered_by)) return close(exchange);
    send_probe(exchange, now_ns);
}

}  // namespace loom::forward
