// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <string_view>
#include <vector>

namespace loom::ratelimit {
namespace {

// Ports are what the system spreads clients by, and those of a flood are many: each worker sees its
// share of a network.
Rate read_rate(const Host& host, const Options& options, std::string_view name) {
    const auto option = options.find(name);
    const auto all =
        static_cast<std::uint64_t>((option ? *option : options["responses_per_second"]).integer());
    return Rate::per_second((all + host.workers() - 1) / host.workers());
}

dns::NetworkRanks read_networks(const Option& list) {
    std::vector<dns::IpNetwork> networks;
    for (std::uint32_t i = 0; i < list.size(); ++i) {
        auto network = dns::parse_network(list[i].string());
        if (!network) throw ConfigError{list[i], network.error()};
        networks.push_back(*network);
    }
    return dns::NetworkRanks{networks};
}

void read_cookies(const Options& options, Settings& settings) {
    settings.cookies = options["cookies"].boolean();
    settings.require_cookie = options["require_cookie"].boolean();
    const auto list = options.find("cookie_secret");
    const auto file = options.find("cookie_secret_file");
    if (!settings.cookies) {
        for (const auto& option : {list, file}) {
            if (option)
                throw ConfigError{
                    *option, "no use without cookies: leave it out, or cookies = false"};
        }
        if (settings.require_cookie)
            throw ConfigError{
                options["require_cookie"], "no use without cookies: leave cookies = false out"};
        return;
    }
    if (list && file)
        throw ConfigError{*file, "both cookie_secret and cookie_secret_file: leave one out"};
    if (file) settings.secret_file = file->string();
    if (!list) return;
    for (std::uint32_t i = 0; i < list->size(); ++i) {
        const auto secret = parse_secret((*list)[i].string());
        if (!secret) throw ConfigError{(*list)[i], secret.error()};
        settings.secrets.push_back(*secret);
    }
}

}  // namespace

Settings read_settings(const Host& host, const Options& options) {
    Settings settings;
    constexpr std::array<std::string_view, class_count> names{
        "responses_per_second",
        "nodata_per_second",
        "nxdomains_per_second",
        "referrals_per_second",
        "errors_per_second",
        "requests_per_second"};
    for (std::size_t i = 0; i < class_count; ++i)
        settings.rates[i] = read_rate(host, options, names[i]);
    settings.window_ns = static_cast<std::uint64_t>(options["window"].integer());
    settings.slip_ratio = static_cast<std::uint32_t>(options["slip_ratio"].integer());
    settings.ipv4_prefix =
        dns::mapped_bits + static_cast<unsigned>(options["ipv4_prefix_length"].integer());
    settings.ipv6_prefix = static_cast<unsigned>(options["ipv6_prefix_length"].integer());
    settings.accounts =
        static_cast<std::size_t>(options["max_table_size"].integer()) / host.workers();
    if (const auto list = options.find("exempt")) settings.exempt = read_networks(*list);
    settings.report_only = options["report_only"].boolean();
    read_cookies(options, settings);
    return settings;
}

}  // namespace loom::ratelimit
