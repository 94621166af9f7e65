// SPDX-License-Identifier: Apache-2.0
// Keeps the server from being a weapon: limits how many equal responses a network gets over UDP, where
// addresses can be forged, and gives cookies (RFC 7873) to those that can prove theirs.

#include "rate_table.hpp"
#include "response_class.hpp"
#include "server_cookie.hpp"
#include "settings.hpp"

#include <dnsloom/abi/service/publish.h>
#include <dnsloom/abi/service/watch.h>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/edns.hpp>
#include <dnsloom/dns/ip_address.hpp>
#include <dnsloom/plugin.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace loom::ratelimit {
namespace {

/// What on_query found out, for on_response.
struct State {
    bool is_unlimited;
    bool knows_cookies;  ///< But has no good one.
};

/// Spreads its argument over all bits: the finaliser of MurmurHash3 (public domain, Austin Appleby).
std::uint64_t mix(std::uint64_t x) {
    x = (x ^ x >> 33U) * 0xff51afd7ed558ccdU;
    x = (x ^ x >> 33U) * 0xc4ceb9fe1a85ec53U;
    return x ^ x >> 33U;
}

std::uint64_t first_half(const Secret& secret) {
    std::uint64_t half = 0;
    std::memcpy(&half, secret.data(), sizeof half);
    return half;
}

}  // namespace

class RateLimit {
public:
    static constexpr Info info{
        .summary = "Limits responses to forged addresses, and gives DNS cookies.",
        .roles = LOOM_ROLE_POLICY,
        .options = option_specs,
        .option_count = std::size(option_specs),
        .state_version = 1,
        .scratch_size = sizeof(State)};

    struct Worker {
        Worker(RateLimit& limit, std::uint32_t)
            : table{limit.settings_.accounts, limit.settings_.window_ns} {
            if (limit.settings_.cookies) signer.emplace();
        }
        RateTable table;
        std::optional<CookieSigner> signer;
        std::uint64_t reported_ns = 0;
    };

    RateLimit(const Host& host, const Options& options)
        : host_{host},
          watcher_{host.service<loom_watch_1>(LOOM_SERVICE_WATCH)},
          publish_{host.service<loom_publish_1>(LOOM_SERVICE_PUBLISH)},
          settings_{read_settings(host, options)},
          seed_{first_half(random_secret())},
          slipped_{host.counter(
              "dnsloom_ratelimit_slipped_total",
              "Responses over a limit that were sent truncated or as BADCOOKIE.")},
          dropped_{host.counter(
              "dnsloom_ratelimit_dropped_total", "Responses over a limit that were not sent.")},
          evicted_{host.counter(
              "dnsloom_ratelimit_evictions_total", "Accounts that made room for others.")},
          demanded_{host.counter(
              "dnsloom_ratelimit_badcookie_total", "Questions answered with BADCOOKIE.")},
          reloads_{define_reloads("success")},
          failed_reloads_{define_reloads("failure")},
          cookies_good_{define_cookies("good")},
          cookies_new_{define_cookies("new")},
          cookies_bad_{define_cookies("bad")},
          cookies_malformed_{define_cookies("malformed")} {
        for (std::size_t i = 0; i < class_count; ++i)
            limited_[i] = host.counter(
                "dnsloom_ratelimit_limited_total",
                "Responses and requests over a limit.",
                {{"class", class_names[i]}});
        if (!settings_.secret_file.empty()) {
            auto secrets = load_secrets(settings_.secret_file);
            if (!secrets) throw ConfigError{options["cookie_secret_file"], secrets.error()};
            settings_.secrets = std::move(*secrets);
        }
        is_secret_made_up_ = settings_.secrets.empty();
        if (is_secret_made_up_) settings_.secrets = {random_secret()};
        secrets_ = new Secrets{settings_.secrets};
    }
    ~RateLimit() { delete secrets_.load(); }
    RateLimit(const RateLimit&) = delete;
    RateLimit& operator=(const RateLimit&) = delete;

    void start();
    void stop();
    loom_verdict on_query(Worker& worker, Query& query) const;
    loom_verdict on_response(Worker& worker, Query& query) const;
    loom_status export_state(std::int32_t phase, const loom_sink& sink) const;
    loom_status import_state(std::int32_t phase, std::uint32_t version, const loom_source& source);

private:
    Metric define_reloads(std::string_view result) const {
        return host_.counter(
            "dnsloom_ratelimit_reloads_total",
            "Times that the file of secrets was read again.",
            {{"result", result}});
    }
    Metric define_cookies(std::string_view result) const {
        return host_.counter(
            "dnsloom_ratelimit_cookies_total", "Questions with a cookie.", {{"result", result}});
    }

    static void on_file(void* self) noexcept;
    void load_again();
    void publish(Secrets secrets);

    std::uint64_t key(const loom_query& query, ResponseClass kind, std::uint64_t name) const;
    std::optional<loom_verdict> take_cookie(Worker& worker, Query& query, State& state) const;
    std::optional<loom_verdict>
    draw(Worker& worker, Query& query, const State& state, ResponseClass kind, std::uint64_t name)
        const;
    void report(Worker& worker, const Query& query, ResponseClass kind) const;

    const Host& host_;
    const loom_watch_1* watcher_;
    const loom_publish_1* publish_;
    Settings settings_;
    const std::uint64_t seed_;
    const Metric slipped_, dropped_, evicted_, demanded_, reloads_, failed_reloads_;
    const Metric cookies_good_, cookies_new_, cookies_bad_, cookies_malformed_;
    std::array<Metric, class_count> limited_{};
    std::atomic<const Secrets*> secrets_ = nullptr;
    bool is_secret_made_up_ = false;
    loom_handle watch_ = 0;
};

// -- Secrets: the control thread ------------------------------------------------------------------

void RateLimit::start() {
    if (settings_.secret_file.empty()) return;
    const auto status =
        watcher_->file(&host_.table(), str(settings_.secret_file), on_file, this, &watch_);
    if (status == LOOM_OK) return;
    host_.log(
        LOOM_LOG_ERROR,
        "file of cookie secrets cannot be watched, its changes will not be seen",
        {{"file", settings_.secret_file}});
}

void RateLimit::stop() {
    if (watch_ != 0) watcher_->cancel(&host_.table(), std::exchange(watch_, loom_handle{0}));
}

void RateLimit::on_file(void* self) noexcept {
    auto& limit = *static_cast<RateLimit*>(self);
    try {
        limit.load_again();
    } catch (const std::exception& e) {
        limit.host_.report_exception("watch", e.what());
    }
}

void RateLimit::load_again() {
    auto secrets = load_secrets(settings_.secret_file);
    if (!secrets) {
        host_.add(LOOM_CONTROL, failed_reloads_);
        host_.log(
            LOOM_LOG_ERROR,
            "file of cookie secrets refused, the secrets stay as they are",
            {{"error", secrets.error()}});
        return;
    }
    publish(std::move(*secrets));
    host_.add(LOOM_CONTROL, reloads_);
    host_.log(LOOM_LOG_INFO, "cookie secrets loaded again", {{"file", settings_.secret_file}});
}

void RateLimit::publish(Secrets secrets) {
    const auto* old = secrets_.exchange(new Secrets{std::move(secrets)});
    const auto free_fn = [](void* retired) { delete static_cast<const Secrets*>(retired); };
    publish_->retire(&host_.table(), free_fn, const_cast<Secrets*>(old));
}

// A secret that nobody wrote down would be lost with the instance, and all cookies with it.
loom_status RateLimit::export_state(std::int32_t phase, const loom_sink& sink) const {
    if (phase != LOOM_STATE_WARM || !is_secret_made_up_) return LOOM_OK;
    const Secret& secret = secrets_.load()->front();
    return sink.write(sink.self, secret.data(), secret.size());
}

loom_status RateLimit::import_state(std::int32_t phase, std::uint32_t, const loom_source& source) {
    if (phase != LOOM_STATE_WARM || !is_secret_made_up_) return LOOM_OK;
    Secret secret{};
    std::size_t size = 0;
    while (size < secret.size()) {
        const auto got = source.read(source.self, secret.data() + size, secret.size() - size);
        if (got < 0) return static_cast<loom_status>(got);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size == 0) return LOOM_OK;
    if (size != secret.size()) return LOOM_E_ARGUMENT;
    // Before start(): no worker has seen the one that is replaced.
    delete secrets_.exchange(new Secrets{secret});
    return LOOM_OK;
}

// -- Questions ------------------------------------------------------------------------------------

loom_verdict RateLimit::on_query(Worker& worker, Query& query) const {
    if (query.has(LOOM_QUERY_SUBQUERY)) return LOOM_NEXT;
    auto& state = query.scratch<State>();
    if (settings_.cookies && query->edns_options.size != 0)
        if (const auto verdict = take_cookie(worker, query, state)) return *verdict;
    if (query->transport != LOOM_TRANSPORT_UDP) state.is_unlimited = true;
    if (!settings_.exempt.empty() &&
        settings_.exempt.contains(dns::IpAddress::of(query->client->ip)))
        state.is_unlimited = true;
    if (state.is_unlimited) return LOOM_NEXT;
    return draw(worker, query, state, ResponseClass::request, 0).value_or(LOOM_NEXT);
}

// RFC 7873 section 5.2. The cookie of the reply is given at once, so that all replies have it.
std::optional<loom_verdict>
RateLimit::take_cookie(Worker& worker, Query& query, State& state) const {
    const auto options = dns::EdnsOptions::check(view(query->edns_options));
    if (!options) return std::nullopt;
    const auto found = options->find(dns::option_code::cookie);
    if (!found) return std::nullopt;
    const auto cookie = dns::Cookie::read(*found);
    if (!cookie) {
        host_.add(query->worker, cookies_malformed_);
        return LOOM_FAIL(dns::rcode::formerr);
    }

    const Secrets& secrets = *secrets_.load(std::memory_order_acquire);
    const auto now_s =
        static_cast<std::uint32_t>(host_.realtime_ns() / static_cast<std::uint64_t>(second_ns));
    using enum CookieSigner::Verdict;
    const auto verdict =
        cookie->server.empty()
            ? bad
            : worker.signer->check(secrets, cookie->client, cookie->server, *query->client, now_s);
    std::array<std::uint8_t, 24> reply{};
    std::ranges::copy(cookie->client, reply.begin());
    if (verdict == good) {
        std::ranges::copy(cookie->server, reply.begin() + 8);
    } else {
        const auto made =
            worker.signer->make(secrets.front(), cookie->client, *query->client, now_s);
        std::ranges::copy(made, reply.begin() + 8);
    }
    query.response().option(dns::option_code::cookie, reply);

    if (verdict != bad) {
        host_.add(query->worker, cookies_good_);
        state.is_unlimited = true;
        return std::nullopt;
    }
    host_.add(query->worker, cookie->server.empty() ? cookies_new_ : cookies_bad_);
    state.knows_cookies = true;
    if (!settings_.require_cookie || query->transport != LOOM_TRANSPORT_UDP) return std::nullopt;
    host_.add(query->worker, demanded_);
    query.response().begin(dns::rcode::badcookie, 0);
    return LOOM_ANSWERED;
}

// -- Responses ------------------------------------------------------------------------------------

loom_verdict RateLimit::on_response(Worker& worker, Query& query) const {
    if (query.has(LOOM_QUERY_SUBQUERY)) return LOOM_NEXT;
    const auto& state = query.scratch<State>();
    if (state.is_unlimited) return LOOM_NEXT;
    Response response = query.response();
    const auto like = likeness(host_, *query.raw(), response.rcode(), response.wire());
    return draw(worker, query, state, like.kind, like.name).value_or(LOOM_NEXT);
}

std::uint64_t
RateLimit::key(const loom_query& query, ResponseClass kind, std::uint64_t name) const {
    const auto client = dns::IpAddress::of(query.client->ip);
    const auto network =
        client.masked(client.is_ipv4() ? settings_.ipv4_prefix : settings_.ipv6_prefix);
    const std::uint64_t hash = mix(network.high ^ seed_) ^ network.low;
    return mix(mix(hash) ^ name ^ static_cast<std::uint64_t>(kind) << 56U);
}

/// Counts a response. A verdict if it is not to be sent as it is.
std::optional<loom_verdict> RateLimit::draw(
    Worker& worker,
    Query& query,
    const State& state,
    ResponseClass kind,
    std::uint64_t name) const {
    const Rate rate = settings_.rates[static_cast<std::size_t>(kind)];
    if (rate.interval_ns == 0) return std::nullopt;
    const auto outcome = worker.table.draw(key(*query.raw(), kind, name), query->now_ns, rate);
    if (outcome.has_evicted) host_.add(query->worker, evicted_);
    if (!outcome.is_limited) [[likely]]
        return std::nullopt;

    host_.add(query->worker, limited_[static_cast<std::size_t>(kind)]);
    if (outcome.limited == 1) report(worker, query, kind);
    if (settings_.report_only) return std::nullopt;
    if (settings_.slip_ratio == 0 || outcome.limited % settings_.slip_ratio != 0) {
        host_.add(query->worker, dropped_);
        return LOOM_DROP;
    }
    // Small, and of no use to who forged the address: the client asks again over TCP, or with the
    // cookie that comes with it.
    host_.add(query->worker, slipped_);
    if (state.knows_cookies) host_.add(query->worker, demanded_);
    query.response().begin(
        state.knows_cookies ? dns::rcode::badcookie : dns::rcode::noerror,
        state.knows_cookies ? 0 : LOOM_FLAG_TC);
    return LOOM_ANSWERED;
}

// One line a second and worker: a flood from many networks is no reason for a flood of lines.
void RateLimit::report(Worker& worker, const Query& query, ResponseClass kind) const {
    if (query->now_ns - worker.reported_ns < static_cast<std::uint64_t>(second_ns)) return;
    worker.reported_ns = query->now_ns;
    const auto client = dns::IpAddress::of(query->client->ip);
    host_.log(
        LOOM_LOG_WARNING,
        "a client network is over its limit",
        {{"network",
          dns::to_text(client, client.is_ipv4() ? settings_.ipv4_prefix : settings_.ipv6_prefix)},
         {"class", class_names[static_cast<std::size_t>(kind)]}});
}

}  // namespace loom::ratelimit

LOOM_PLUGIN(loom::ratelimit::RateLimit, "ratelimit", "1.0.0");
