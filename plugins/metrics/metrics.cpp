// SPDX-License-Identifier: Apache-2.0
// Counts queries and responses, and serves every series of the process to Prometheus.

#include "series.hpp"

#include <dnsloom/plugin.hpp>

namespace {

constexpr std::uint16_t default_port = 9153;

constexpr loom::OptionSpec options[] = {
    loom::OptionSpec{"listen", LOOM_OPTION_ENDPOINT, "Where the page is served; port 9153 if none."}
        .by_default("127.0.0.1:9153"),
    loom::OptionSpec{"path", LOOM_OPTION_STRING, "The path of the page."}.by_default("/metrics"),
};

class Metrics {
public:
    static constexpr loom::Info info{
        .summary = "Counts queries and responses and serves metrics over HTTP.",
        .roles = LOOM_ROLE_OBSERVER,
        .options = options,
        .option_count = std::size(options),
    };

    Metrics(const loom::Host& host, const loom::Options& settings) : host_{host}, series_{host} {
        auto address = settings["listen"].endpoint();
        if (address.port == 0) address.port = default_port;
        const auto path = settings["path"].string();
        if (!path.starts_with('/'))
            throw loom::ConfigError(settings["path"], "a path begins with /");
        const auto* http = host.service<loom_http_1>(LOOM_SERVICE_HTTP);
        if (http->serve(&host.table(), &address, loom::str(path), on_get, this) != LOOM_OK)
            throw loom::ConfigError(settings["listen"], "the page cannot be served there");
    }

    loom_verdict on_query(loom::Query& query) const {
        if (!query.has(LOOM_QUERY_SUBQUERY)) series_.count_request(host_, *query.raw());
        return LOOM_NEXT;
    }

    loom_verdict on_response(loom::Query& query) const {
        if (query.has(LOOM_QUERY_SUBQUERY)) return LOOM_NEXT;
        auto response = query.response();
        series_.count_response(host_, *query.raw(), response.rcode(), response.wire().size());
        return LOOM_NEXT;
    }

private:
    static loom_status on_get(void* self, loom_http_reply* reply) noexcept {
        const auto& host = static_cast<const Metrics*>(self)->host_;
        reply->content_type = loom::str("text/plain; version=0.0.4; charset=utf-8");
        return host.metrics_service()->render(&host.table(), reply->body);
    }

    loom::Host host_;
    loom::metrics::Series series_;
};

}  // namespace

LOOM_PLUGIN(Metrics, "metrics", "0.1.0");
