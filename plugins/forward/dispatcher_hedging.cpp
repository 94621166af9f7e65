// SPDX-License-Identifier: Apache-2.0
// Asking a second upstream while the first is slow.
#include "dispatcher.hpp"

namespace loom::forward {

std::optional<std::uint64_t> Dispatcher::hedging_time(
    const Exchange& exchange, std::size_t upstream, std::uint64_t now_ns) const {
    if (!hedge_budget_.is_on() || exchange.is_probe || exchange.is_hedged) return std::nullopt;
    const bool is_first_attempt = exchange.attempts_left + 1 == exchange.attempts_most;
    if (!is_first_attempt || upstreams_.size() < 2) return std::nullopt;
    const auto p95 = upstreams_[upstream]->latency.p95();
    if (!p95) return std::nullopt;
    return now_ns + static_cast<std::uint64_t>(p95->count());
}

void Dispatcher::hedge(Exchange& exchange, std::uint64_t now_ns) {
    exchange.may_hedge = false;
    if (untried(exchange) != 0 && hedge_budget_.spend()) {
        const auto second = chooser_.next(exchange.tried, health_.down()).upstream;
        exchange.is_hedged = true;
        exchange.tried |= UpstreamSet{1} << second;
        --exchange.attempts_left;
        if (send(exchange, second, exchange.path, now_ns)) {
            metrics_.hedged(worker_, second);
            return;
        }
    }
    set_deadline(exchange, exchange.attempt_due_ns, now_ns);
}

}  // namespace loom::forward
