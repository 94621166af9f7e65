// SPDX-License-Identifier: Apache-2.0
// Upstreams whose addresses change while queries are under way.
#include "dispatcher.hpp"

#include <bit>
#include <utility>

namespace loom::forward {
namespace {

/// Between two looks whether there is an address at last.
constexpr std::uint64_t parking_ns = 50'000'000;

}  // namespace

void Dispatcher::take_addresses() {
    auto snapshot = addresses_->read();
    for (std::size_t i = 0; i < upstreams_.size(); ++i) {
        if ((snapshot.present >> i & 1U) == 0) continue;
        if (same_address(snapshot.addresses[i], upstreams_[i]->endpoint.address)) continue;
        auto endpoint = settings_.to[i];
        endpoint.address = snapshot.addresses[i];
        // Queries that are under way there may yet be answered.
        auto former = std::exchange(upstreams_[i], make_upstream(i, endpoint));
        former->tcp.drain();
        former_.push_back(std::move(former));
    }
    chooser_.use(snapshot.present);
    generation_ = snapshot.generation;
}

std::unique_ptr<Upstream> Dispatcher::make_upstream(std::size_t index, const Endpoint& endpoint) {
    return std::make_unique<Upstream>(
        host_,
        worker_,
        settings_,
        endpoint,
        index,
        contexts_,
        static_cast<UdpEvents&>(*this),
        static_cast<TcpEvents&>(*this));
}

void Dispatcher::park(Exchange& exchange, std::uint64_t now_ns) {
    if (now_ns + parking_ns >= exchange.deadline_ns) {
        exchange.failure = {Failure::Kind::no_address, 0, 0};
        return finish(exchange);
    }
    exchange.state = Exchange::State::parked;
    set_deadline(exchange, now_ns + parking_ns, now_ns);
}

void Dispatcher::unpark(Exchange& exchange, std::uint64_t now_ns) {
    exchange.state = Exchange::State::waiting;
    exchange.attempts_most = exchange.attempts_left = attempts();
    next_attempt(exchange, now_ns);
}

std::uint8_t Dispatcher::attempts() const {
    if (settings_.attempts != 0) return settings_.attempts;
    return static_cast<std::uint8_t>(std::max(2, 2 * std::popcount(chooser_.all())));
}

void Dispatcher::collect_former() {
    std::erase_if(former_, [](const auto& upstream) {
        upstream->udp.collect();
        upstream->tcp.collect();
        return upstream->udp.is_idle() && upstream->tcp.empty();
    });
}

}  // namespace loom::forward
