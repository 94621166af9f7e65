// SPDX-License-Identifier: Apache-2.0
#include "config_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

namespace loom::host {

std::string canonical_text(const Config& config) {
    const HostConfig& host = config.host;
    std::string text = fmt::format(
        "{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}\n",
        fmt::join(host.plugin_path, ":"), host.workers, host.control, host.user, host.group,
        host.run_dir, host.watch, host.debounce.count(), host.drain_timeout.count(),
        host.query_timeout.count(), static_cast<int>(host.log_level),
        static_cast<int>(host.log_format), host.udp_size, host.tcp_connections,
        host.tcp_idle_timeout.count(), host.tcp_pipeline, host.queries, host.keep_plugins,
        host.probe, host.test_clock);
    for (const ServerConfig& server : config.servers) {
        text += server.name;
        for (const Listen& listen : server.listen) text += '\n' + to_string(listen);
        const auto zones = server.zones.octets();
        text += fmt::format("\n{}:", zones.size());
        text.append(zones.begin(), zones.end());
        for (const StepConfig& step : server.pipeline) {
            text += '\n' + step.identity({});
            const OutcomeRules& on = step.on;
            for (const Outcome outcome : {on.nxdomain, on.nodata, on.refused, on.servfail})
                text += outcome == Outcome::next ? '>' : '.';
            for (const dns::Name& zone : step.fallthrough) text += ' ' + zone.to_string();
        }
        text += '\n';
    }
    return text;
}

}  // namespace loom::host
