// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include "resolv_conf.hpp"
#include "upstream_url.hpp"

#include <dnsloom/dns/codes.hpp>

#include <algorithm>
#include <optional>
#include <string>

namespace loom::forward {
namespace {

/// Of so many addresses of a name each is an upstream.
constexpr std::size_t addresses_of_name_max = 4;

Policy policy_of(const std::string& text) {
    if (text == "round_robin") return Policy::round_robin;
    if (text == "sequential") return Policy::sequential;
    if (text == "least_latency") return Policy::least_latency;
    return Policy::random;
}

std::vector<std::uint8_t> copy(Bytes octets) { return {octets.begin(), octets.end()}; }

Endpoint upstream(const Option& option) {
    auto endpoint = parse_upstream(option.string());
    if (!endpoint) throw ConfigError{option, endpoint.error()};
    return std::move(*endpoint);
}

void set_sources(std::vector<Endpoint>& to, const std::optional<Option>& option) {
    std::uint8_t seen = 0;
    for (uint32_t i = 0; option && i < option->size(); ++i) {
        const auto given = (*option)[i];
        const auto source = given.endpoint();
        if (source.port != 0)
            throw ConfigError{given, "`source_address` has no port: each query has a random one"};
        if (source.family == seen)
            throw ConfigError{
                given, "`source_address` takes one address for IPv4 and one for IPv6; remove one"};
        seen = source.family;
        if (const int error = try_source(source); error != 0)
            throw ConfigError{
                given,
                "`source_address`: " + describe_errno(error) +
                    "; write an address of this machine"};
        for (auto& endpoint : to)
            if (endpoint.address.family == source.family) endpoint.source = source;
    }
}

/// For upstreams whose URL names none.
void set_server_names(std::vector<Endpoint>& to, const Options& options) {
    const auto option = options.find("tls_servername");
    if (option && !is_host_name(option->string()))
        throw ConfigError{
            *option, "`tls_servername` is no host name; write one such as dns.example"};
    for (auto& endpoint : to)
        if (endpoint.is_encrypted() && endpoint.server_name.empty())
            endpoint.server_name = option ? option->string() : endpoint.host;
}

std::string path_of(const Options& options, std::string_view name) {
    const auto option = options.find(name);
    return option ? option->string() : std::string{};
}

TlsFiles tls_files_of(const Options& options) {
    const auto certificate = options.find("tls_cert");
    const auto key = options.find("tls_key");
    if (certificate && !key)
        throw ConfigError{*certificate, "`tls_cert` needs its private key; give `tls_key`, too"};
    if (key && !certificate)
        throw ConfigError{*key, "`tls_key` needs its certificate; give `tls_cert`, too"};
    return {
        .ca = path_of(options, "tls_ca"),
        .certificate = path_of(options, "tls_cert"),
        .key = path_of(options, "tls_key")};
}

/// Options that would do nothing are a mistake.
void check_tls_is_used(const Settings& settings, const Options& options) {
    if (settings.uses_tls()) return;
    for (const char* name : {"tls_servername", "tls_ca", "tls_cert", "tls_key"})
        if (const auto option = options.find(name))
            throw ConfigError{
                *option,
                "`" + std::string{name} +
                    "` is of no use: no upstream in `to` begins with tls:// or https://"};
}

/// Adds `count` upstreams with one text and a number each.
void add_dynamic(Settings& settings, Endpoint endpoint, std::size_t count, AddressSource source) {
    source.first = settings.to.size();
    source.count = count;
    source.port = endpoint.address.port;
    endpoint.is_dynamic = true;
    const auto text = endpoint.text;
    for (std::size_t i = 1; i <= count; ++i) {
        endpoint.text = text + " #" + std::to_string(i);
        settings.to.push_back(endpoint);
    }
    settings.sources.push_back(std::move(source));
}

void add_upstream(Settings& settings, const Option& option) {
    const auto text = option.string();
    if (text.starts_with('/')) {
        const Endpoint endpoint{.address = {.port = 53}, .text = text};
        return add_dynamic(settings, endpoint, resolv_conf_servers_max, {.file = text});
    }
    auto endpoint = upstream(option);
    if (endpoint.host.empty()) {
        settings.to.push_back(std::move(endpoint));
        return;
    }
    if (settings.bootstrap.empty())
        throw ConfigError{
            option,
            "`" + endpoint.host +
                "` is a name: give `bootstrap` with addresses of servers to look it up at"};
    const auto host = endpoint.host;
    add_dynamic(settings, std::move(endpoint), addresses_of_name_max, {.host = host});
}

void add_upstreams(Settings& settings, const Option& option) {
    std::vector<std::string> seen;
    for (uint32_t i = 0; i < option.size(); ++i) {
        const auto first = settings.to.size();
        add_upstream(settings, option[i]);
        const auto& text = settings.to[first].text;
        if (std::ranges::find(seen, text) != seen.end())
            throw ConfigError{
                option[i], "`" + option[i].string() + "` stands in `to` twice; remove one"};
        seen.push_back(text);
        if (settings.to.size() > upstreams_max)
            throw ConfigError{
                option[i],
                "too many upstreams: a name counts for " + std::to_string(addresses_of_name_max) +
                    ", a file for " + std::to_string(resolv_conf_servers_max) +
                    ", all together at most " + std::to_string(upstreams_max)};
    }
    if (seen.empty()) throw ConfigError{option, "`to` is empty; name at least one upstream"};
}

std::vector<loom_address> bootstrap_of(const std::optional<Option>& option) {
    std::vector<loom_address> servers;
    for (uint32_t i = 0; option && i < option->size(); ++i)
        servers.push_back(make_endpoint((*option)[i].endpoint()).address);
    return servers;
}

void check_bootstrap_is_used(const Settings& settings, const Options& options) {
    const auto is_name = [](const auto& source) { return !source.host.empty(); };
    if (settings.bootstrap.empty() || std::ranges::any_of(settings.sources, is_name)) return;
    throw ConfigError{
        options["bootstrap"], "`bootstrap` is of no use: no upstream in `to` is a host name"};
}

std::uint32_t rcodes(const std::optional<Option>& option) {
    std::uint32_t found = 0;
    for (uint32_t i = 0; option && i < option->size(); ++i) {
        const auto text = (*option)[i].string();
        const auto rcode = dns::rcode_from_string(text);
        if (!rcode || *rcode > dns::rcode::badcookie)
            throw ConfigError{
                (*option)[i],
                "`" + text + "` is no RCODE; write SERVFAIL, REFUSED or another name"};
        if (*rcode == dns::rcode::noerror)
            throw ConfigError{(*option)[i], "NOERROR is no failure; remove it"};
        found |= std::uint32_t{1} << *rcode;
    }
    return found;
}

SubnetRule subnet_rule(const Options& options) {
    const auto text = options["ecs"].string();
    return {
        .kind = text == "add"    ? SubnetRule::Kind::add
                : text == "pass" ? SubnetRule::Kind::pass
                                 : SubnetRule::Kind::strip,
        .prefix4 = static_cast<std::uint8_t>(options["ecs_prefix4"].integer()),
        .prefix6 = static_cast<std::uint8_t>(options["ecs_prefix6"].integer())};
}

}  // namespace

Settings::Settings(const Options& options)
    : bootstrap{bootstrap_of(options.find("bootstrap"))},
      policy{policy_of(options["policy"].string())},
      force_tcp{options["force_tcp"].boolean()},
      prefer_udp{options["prefer_udp"].boolean()},
      max_fails{static_cast<std::uint32_t>(options["max_fails"].integer())},
      health_check{options["health_check"].duration()},
      health_check_domain{copy(options["health_check_domain"].name())},
      probes_recurse{!options["health_check_no_rec"].boolean()},
      attempts{static_cast<std::uint8_t>(options["max_connect_attempts"].integer())},
      read_timeout{options["read_timeout"].duration()},
      expire{options["expire"].duration()},
      max_age{options["max_age"].duration()},
      max_concurrent{static_cast<std::uint64_t>(options["max_concurrent"].integer())},
      failfast{options["failfast_all_unhealthy_upstreams"].boolean()},
      failover{rcodes(options.find("failover"))},
      hedge{static_cast<std::uint32_t>(options["hedge"].integer())},
      subnet{subnet_rule(options)},
      cookies{options["cookies"].boolean()},
      case_randomization{options["case_randomization"].boolean()},
      tls_files{tls_files_of(options)} {
    add_upstreams(*this, options["to"]);
    set_server_names(to, options);
    set_sources(to, options.find("source_address"));
    check_tls_is_used(*this, options);
    check_bootstrap_is_used(*this, options);
}

}  // namespace loom::forward
