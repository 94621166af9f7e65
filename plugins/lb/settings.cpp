// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace loom::lb {
namespace {

template <class T>
T checked(const Option& option, std::expected<T, std::string> value) {
    if (!value) throw ConfigError{option, value.error()};
    return std::move(*value);
}

Policy read_policy(std::string_view text) {
    if (text == "weighted") return Policy::weighted;
    return text == "keep" ? Policy::keep : Policy::round_robin;
}

std::vector<dns::IpNetwork> read_networks(const Option& list) {
    std::vector<dns::IpNetwork> networks;
    for (std::uint32_t i = 0; i < list.size(); ++i)
        networks.push_back(checked(list[i], dns::parse_network(list[i].string())));
    return networks;
}

WeightTable read_weights(const Option& list, const WeightTable::Hash& hash) {
    WeightTable table;
    for (std::uint32_t i = 0; i < list.size(); ++i) {
        const Options fields = list[i].table();
        const Option where = fields["address"];
        const dns::IpAddress address = checked(where, dns::parse_address(where.string()));
        const auto weight = static_cast<std::uint32_t>(fields["weight"].integer());
        const auto name = dns::NameView::from_trusted(fields["name"].name());
        if (!table.add(name, address, weight, hash)) {
            throw ConfigError{
                where,
                fmt::format(
                    "{} has two weights under {}: leave one", where.string(), name.to_string())};
        }
    }
    return table;
}

void read_preferred(const Option& list, Settings& settings) {
    std::vector<dns::IpNetwork> networks;
    for (std::uint32_t i = 0; i < list.size(); ++i) {
        if (list[i].string() != "client") {
            networks.push_back(checked(list[i], dns::parse_network(list[i].string())));
            continue;
        }
        if (settings.client_rank != dns::NetworkRanks::none)
            throw ConfigError{list[i], "\"client\" is named twice: name it once"};
        settings.client_rank = i;
        // Keeps the ranks of those behind it: no address of a client comes from the network ::/128.
        networks.push_back({{}, {}, dns::address_bits});
    }
    settings.preferred = dns::NetworkRanks{networks};
}

std::string field_text(const Option& option) {
    const std::string text = option.string();
    const auto is_visible = [](char c) { return c > ' ' && c < 127; };
    if (std::ranges::all_of(text, is_visible)) return text;
    throw ConfigError{option, "only visible ASCII characters may stand here: escape the others"};
}

HealthSettings read_health(const Options& options) {
    HealthSettings health;
    ProbeSettings& probe = health.probe;
    if (options["probe"].string() == "http") {
        const std::string path = field_text(options["path"]);
        if (!path.starts_with('/'))
            throw ConfigError{options["path"], "a path begins with \"/\": put one in front"};
        probe.request = fmt::format(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: dnsloom\r\nConnection: close\r\n\r\n",
            path,
            field_text(options["host"]));
    }
    if (const auto list = options.find("status")) {
        for (std::uint32_t i = 0; i < list->size(); ++i)
            probe.statuses.push_back(static_cast<int>((*list)[i].integer()));
    }
    if (probe.statuses.empty()) probe.statuses = {200};
    probe.port = static_cast<std::uint16_t>(options["port"].integer());
    probe.interval = options["interval"].duration();
    probe.timeout = options["timeout"].duration();
    if (probe.timeout > probe.interval) {
        throw ConfigError{
            options["timeout"], "timeout is longer than interval: make it at most as long"};
    }
    probe.fails_max = static_cast<std::uint32_t>(options["max_fails"].integer());
    probe.concurrency = static_cast<std::size_t>(options["concurrency"].integer());
    health.targets_max = static_cast<std::size_t>(options["targets"].integer());
    health.networks = dns::NetworkRanks{read_networks(options["networks"])};
    if (options["when_down"].string() == "out") health.when_down = WhenDown::out;
    return health;
}

void read_weight_source(const Host& host, const Options& options, Settings& settings) {
    const auto list = options.find("weights");
    const auto file = options.find("weight_file");
    const auto any = list ? list : file;
    if (settings.policy != Policy::weighted) {
        if (any)
            throw ConfigError{*any, "weights have no effect: set policy = \"weighted\" as well"};
        return;
    }
    if (!any)
        throw ConfigError{options["policy"], "no weights: give weights or weight_file as well"};
    if (list && file)
        throw ConfigError{*file, "both weights and weight_file are given: leave one out"};
    if (file) {
        settings.weight_file = file->string();
        return;
    }
    settings.weights = read_weights(*list, [&host](Bytes name) { return host.hash_name(name); });
}

}  // namespace

Settings read_settings(const Host& host, const Options& options) {
    Settings settings;
    settings.policy = read_policy(options["policy"].string());
    settings.sticky = options["sticky"].boolean();
    if (settings.sticky && settings.policy == Policy::keep) {
        throw ConfigError{
            options["sticky"],
            "policy keep leaves the order as it is: set another policy, or leave sticky out"};
    }
    settings.ipv4_prefix =
        dns::mapped_bits + static_cast<unsigned>(options["ipv4_prefix"].integer());
    settings.ipv6_prefix = static_cast<unsigned>(options["ipv6_prefix"].integer());
    if (const auto list = options.find("prefer")) read_preferred(*list, settings);
    read_weight_source(host, options, settings);
    if (const auto table = options.find("health")) settings.health = read_health(table->table());
    return settings;
}

}  // namespace loom::lb
