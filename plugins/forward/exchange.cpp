// SPDX-License-Identifier: Apache-2.0
#include "exchange.hpp"

namespace loom::forward {

Exchange* ExchangePool::take() {
    if (free_.empty()) {
        const auto first = chunks_.size() * chunk_size;
        if (first >= exchanges_max) return nullptr;
        auto& chunk = chunks_.emplace_back(std::make_unique<Exchange[]>(chunk_size));
        for (auto i = chunk_size; i-- != 0;) {
            chunk[i].index = static_cast<std::uint32_t>(first + i);
            free_.push_back(chunk[i].index);
        }
    }
    auto& exchange = at(free_.back());
    free_.pop_back();
    return &exchange;
}

void ExchangePool::give(Exchange& exchange) {
    // Field by field: the query's octets are written anew each time and need no clearing.
    exchange.state = Exchange::State::idle;
    exchange.path = Path::udp;
    exchange.is_probe = exchange.reconnected = exchange.cookie_renewed = false;
    exchange.may_hedge = exchange.is_hedged = exchange.has_reply = false;
    exchange.subnet.reset();
    exchange.tried = 0;
    exchange.token = 0;
    exchange.current = exchange.former = {};
    exchange.failure = {};
    exchange.reply = {};
    free_.push_back(exchange.index);
}

}  // namespace loom::forward
