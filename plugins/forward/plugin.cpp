// SPDX-License-Identifier: Apache-2.0
// Asks other servers, and answers with what they say.
#include "dispatcher.hpp"
#include "forward_metrics.hpp"
#include "health.hpp"
#include "options.hpp"
#include "reply_delivery.hpp"
#include "settings.hpp"
#include "tls_files.hpp"
#include "upstream_directory.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/header.hpp>
#include <dnsloom/name_set.hpp>
#include <dnsloom/plugin.hpp>

#include <atomic>
#include <string>
#include <utility>

namespace loom::forward {
namespace {

Ask ask_of(const loom::Query& query) {
    std::uint16_t flags = 0;
    if (query.has(LOOM_QUERY_RD)) flags |= dns::flag::rd;
    if (query.has(LOOM_QUERY_CD)) flags |= dns::flag::cd;
    if (query.has(LOOM_QUERY_AD)) flags |= dns::flag::ad;
    return {
        .qname = query.name(),
        .qtype = query->qtype,
        .qclass = query->qclass,
        .flags = flags,
        .dnssec_ok = query.has(LOOM_QUERY_DO)};
}

loom_verdict refuse(loom::Query& query, std::uint16_t ede, std::string_view text) {
    auto response = query.response();
    if (response.begin(dns::rcode::servfail, LOOM_FLAG_RA) != LOOM_OK)
        return LOOM_FAIL(dns::rcode::servfail);
    response.extended_error(ede, text);
    return LOOM_ANSWERED;
}

/// Zone transfers are many messages, and no answer to one query.
bool is_forwardable(const loom_query& query) {
    return query.opcode == dns::opcode::query && query.qtype != dns::rr_type::axfr &&
           query.qtype != dns::rr_type::ixfr;
}

}  // namespace

class Forward {
public:
    struct Scratch {
        Exchange* exchange;
    };
    static constexpr loom::Info info{
        .summary = "Asks other servers over UDP and TCP, and answers with what they say.",
        .roles = LOOM_ROLE_UPSTREAM,
        .options = option_specs,
        .option_count = option_count,
        .scratch_size = sizeof(Scratch),
    };

    struct Worker {
        Worker(Forward& plugin, uint32_t worker)
            : dispatcher{
                  plugin.host_,
                  plugin.settings_,
                  plugin.metrics_,
                  plugin.health_,
                  plugin.tls_.contexts(),
                  plugin.directory_.table(),
                  worker} {}
        Dispatcher dispatcher;
    };

    Forward(const loom::Host& host, const loom::Options& options)
        : host_{host},
          settings_{options},
          except_{host, options.find("except")},
          metrics_{host, settings_},
          health_{settings_.checks_health() ? settings_.max_fails : 0},
          tls_{host, settings_.tls_files},
          directory_{host, settings_, metrics_, health_} {
        if (settings_.uses_tls())
            if (const auto error = tls_.load(); !error.empty()) throw ConfigError{error};
        for (std::size_t i = 0; i < settings_.to.size(); ++i)
            if (!settings_.to[i].is_dynamic) metrics_.up(i, true);
        const auto* table = &host.table();
        meta_ = static_cast<const loom_meta_1*>(table->service(table, LOOM_SERVICE_META));
        if (meta_) meta_->key(table, str("forward/upstream"), &upstream_key_);
    }

    void start() {
        if (settings_.uses_tls()) tls_.watch();
        directory_.start();
    }
    void stop() {
        health_.retire();
        directory_.stop();
        tls_.unwatch();
    }

    loom_verdict on_query(Worker& worker, loom::Query& query) {
        if (except_.covers(*query.raw())) return LOOM_NEXT;
        if (!is_forwardable(*query.raw())) return LOOM_FAIL(dns::rcode::notimp);
        if (worker.dispatcher.fails_fast()) return fail_fast(worker.dispatcher, query);
        if (!enter()) {
            metrics_.rejected(query->worker);
            return refuse(query, dns::ede_code::network_error, "too many concurrent queries");
        }
        auto* exchange = worker.dispatcher.open(ask_of(query), first_path(query));
        const auto fault = exchange ? options_for(query, *exchange) : OptionsFault::none;
        const bool goes_out = exchange && fault == OptionsFault::none;
        const auto token = goes_out ? query.suspend() : loom_token{0};
        if (token == 0) {
            if (exchange) worker.dispatcher.close(*exchange);
            leave();
            return refuse_options(query, fault);
        }
        query.scratch<Scratch>().exchange = exchange;
        worker.dispatcher.launch(*exchange, token, query->deadline_ns, query->now_ns);
        return LOOM_PENDING;
    }

    loom_verdict on_resume(Worker& worker, loom::Query& query, int32_t, void* arg) {
        auto& exchange = *static_cast<Exchange*>(arg);
        const auto verdict = exchange.has_reply ? answer(query, exchange) : fail(query, exchange);
        worker.dispatcher.close(exchange);
        leave();
        return verdict;
    }

    void on_cancel(Worker& worker, loom::Query& query, loom_token) {
        worker.dispatcher.close(*query.scratch<Scratch>().exchange);
        leave();
    }

private:
    Path first_path(const loom::Query& query) const {
        if (settings_.force_tcp) return Path::tcp;
        return !settings_.prefer_udp && query.has(LOOM_QUERY_STREAM) ? Path::tcp : Path::udp;
    }

    OptionsFault options_for(const loom::Query& query, Exchange& exchange) const {
        if (!has_options(*query.raw(), settings_.subnet)) return OptionsFault::none;
        return add_options(exchange.query, *query.raw(), settings_.subnet, exchange.subnet);
    }

    static loom_verdict refuse_options(loom::Query& query, OptionsFault fault) {
        if (fault == OptionsFault::malformed_subnet) return LOOM_FAIL(dns::rcode::formerr);
        const auto* text = fault == OptionsFault::no_room ? "too many EDNS options to forward"
                                                          : "too many concurrent queries";
        return refuse(query, dns::ede_code::network_error, text);
    }

    loom_verdict fail_fast(Dispatcher& dispatcher, loom::Query& query) const {
        dispatcher.probe_all(query->now_ns);
        metrics_.failed_fast(query->worker);
        const auto& failure = dispatcher.last_failure();
        const auto& to = settings_.to[failure.upstream].text;
        return refuse(query, code_of(failure), "all upstreams are down; " + describe(failure, to));
    }

    static std::uint16_t code_of(const Failure& failure) {
        return failure.kind == Failure::Kind::timed_out ? dns::ede_code::no_reachable_authority
                                                        : dns::ede_code::network_error;
    }

    bool enter() {
        if (settings_.max_concurrent == 0) return true;
        if (concurrent_.fetch_add(1, std::memory_order_relaxed) < settings_.max_concurrent)
            return true;
        leave();
        return false;
    }
    void leave() {
        if (settings_.max_concurrent != 0) concurrent_.fetch_sub(1, std::memory_order_relaxed);
    }

    loom_verdict answer(loom::Query& query, Exchange& exchange) const {
        const auto& to = settings_.to[exchange.answered_by].text;
        if (meta_) {
            const auto* octets = reinterpret_cast<const std::uint8_t*>(to.data());
            meta_->set(query.raw(), upstream_key_, {octets, to.size()});
        }
        if (deliver(query, exchange.reply, exchange.checked, exchange.subnet)) return LOOM_ANSWERED;
        return refuse(query, dns::ede_code::invalid_data, to + ": malformed reply");
    }

    loom_verdict fail(loom::Query& query, const Exchange& exchange) const {
        const auto& to = settings_.to[exchange.failure.upstream].text;
        return refuse(query, code_of(exchange.failure), describe(exchange.failure, to));
    }

    Host host_;
    Settings settings_;
    NameSet except_;
    ForwardMetrics metrics_;
    Health health_;
    TlsFileSet tls_;
    UpstreamDirectory directory_;
    std::atomic<std::uint64_t> concurrent_{0};
    const loom_meta_1* meta_ = nullptr;
    uint32_t upstream_key_ = 0;
};

}  // namespace loom::forward

LOOM_PLUGIN(loom::forward::Forward, "forward", "1.0.0");
