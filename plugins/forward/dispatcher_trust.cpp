// SPDX-License-Identifier: Apache-2.0
// Telling replies that may be forged. Id, port, address and question are right when they come here.
#include "dispatcher.hpp"

#include <dnsloom/dns/codes.hpp>

#include <utility>

namespace loom::forward {
namespace {

/// The subnet in a reply has to be the one that was sent (RFC 7871 section 7.3); one that was not
/// asked for is ignored.
bool fits_subnet(const std::optional<dns::ClientSubnet>& sent, const dns::EdnsOptions& options) {
    if (!sent) return true;
    const auto data = options.find(dns::option_code::client_subnet);
    if (!data) return true;
    const auto got = dns::ClientSubnet::read(*data);
    return got && got->family == sent->family && got->source_prefix == sent->source_prefix &&
           got->address == sent->address;
}

}  // namespace

Dispatcher::Judgement Dispatcher::judge(
    const Exchange& exchange,
    const Leg& leg,
    const CheckedReply& checked,
    std::span<const std::uint8_t> octets,
    std::uint64_t now_ns) {
    if (exchange.is_probe) return {};
    auto& upstream = *upstreams_[leg.upstream];
    if (!checked.keeps_case && !upstream.folds_case) {
        if (leg.udp) return {Trust::doubtful, Ignored::wrong_case};
        upstream.folds_case = true;
        host_.log(
            LOOM_LOG_WARNING,
            "upstream does not keep the case of names",
            {{"to", settings_.to[leg.upstream].text}});
    }
    // A truncated reply says nothing and is asked for again over TCP, where it can be judged.
    if (checked.is_truncated) return {};
    const auto options = options_of(octets, checked);
    if (!fits_subnet(exchange.subnet, options)) return {Trust::forged, Ignored::wrong_subnet};
    return exchange.query.has_cookie() ? judge_cookie(leg, options, now_ns) : Judgement{};
}

Dispatcher::Judgement
Dispatcher::judge_cookie(const Leg& leg, const dns::EdnsOptions& options, std::uint64_t now_ns) {
    auto& cookie = upstreams_[leg.upstream]->cookie;
    switch (cookie.take(options.find(dns::option_code::cookie), now_ns)) {
    case UpstreamCookie::Finding::right:
        break;
    case UpstreamCookie::Finding::missing:
        if (leg.udp) return {Trust::doubtful, Ignored::no_cookie};
        cookie.forget();
        break;
    case UpstreamCookie::Finding::wrong:
        return {Trust::forged, Ignored::wrong_cookie};
    }
    return {};
}

void Dispatcher::ask_over_tcp(Exchange& exchange, const Leg& leg, std::uint64_t now_ns) {
    // Somebody else is being asked already, or the same over TCP.
    if (!exchange.current.is_same(leg)) return;
    if (now_ns >= exchange.deadline_ns || !send(exchange, leg.upstream, Path::tcp, now_ns))
        next_attempt(exchange, now_ns);
}

void Dispatcher::renew_cookie(Exchange& exchange, const Leg& leg, std::uint64_t now_ns) {
    // The new one came with the reply. If that does not do either, TCP does (RFC 7873 section 5.3).
    const bool was_renewed = std::exchange(exchange.cookie_renewed, true);
    if (was_renewed && leg.tcp)
        return fail_attempt(
            exchange, {Failure::Kind::malformed, leg.upstream, 0}, Count::no, now_ns);
    const auto path = was_renewed ? Path::tcp : leg.path();
    if (now_ns >= exchange.deadline_ns || !send(exchange, leg.upstream, path, now_ns))
        next_attempt(exchange, now_ns);
}

}  // namespace loom::forward
