// SPDX-License-Identifier: Apache-2.0
#include "query_options.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/options.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <span>

namespace loom::forward {
namespace {

constexpr std::size_t v4_offset = 12;  // In a v4-mapped address.
constexpr std::uint16_t local_use_min = 65001;

dns::EdnsOptions options_of_client(const loom_query& query) {
    const auto opt = dns::find_opt(view(query.wire));
    return opt && *opt ? (*opt)->options : dns::EdnsOptions{};
}

/// The host leaves the options where they came until a plugin changes the question.
bool is_within(const loom_bytes& part, const loom_bytes& whole) {
    const std::less_equal<> not_after;  // Of pointers into different arrays, too.
    return whole.size != 0 && not_after(whole.data, part.data) &&
           not_after(part.data + part.size, whole.data + whole.size);
}

bool contains(const dns::EdnsOptions& options, const dns::EdnsOption& wanted) {
    return std::ranges::any_of(options, [&](const dns::EdnsOption& option) {
        return option.code == wanted.code && std::ranges::equal(option.data, wanted.data);
    });
}

/// Between two hops, whoever sets them.
bool is_of_one_hop(std::uint16_t code) {
    return code == dns::option_code::cookie || code == dns::option_code::tcp_keepalive ||
           code == dns::option_code::padding;
}

void shorten(dns::ClientSubnet& subnet, std::uint8_t prefix) {
    if (subnet.source_prefix <= prefix) return;
    subnet.source_prefix = prefix;
    for (std::size_t i = 0; i < subnet.address.size(); ++i) {
        const auto kept = std::clamp<int>(prefix - static_cast<int>(8 * i), 0, 8);
        subnet.address[i] &= static_cast<std::uint8_t>(0xFF00U >> kept);
    }
}

std::uint8_t limit(const dns::ClientSubnet& subnet, const SubnetRule& rule) {
    return subnet.family == dns::ClientSubnet::family_ipv4 ? rule.prefix4 : rule.prefix6;
}

std::optional<dns::ClientSubnet> subnet_of(const loom_address* client, const SubnetRule& rule) {
    if (!client) return std::nullopt;
    dns::ClientSubnet subnet;
    const auto ip = std::span{client->ip};
    if (client->family == 4) {
        subnet.family = dns::ClientSubnet::family_ipv4;
        subnet.source_prefix = 32;
        std::ranges::copy(ip.subspan(v4_offset), subnet.address.begin());
    } else {
        subnet.family = dns::ClientSubnet::family_ipv6;
        subnet.source_prefix = 128;
        std::ranges::copy(ip, subnet.address.begin());
    }
    shorten(subnet, limit(subnet, rule));
    return subnet;
}

/// The subnet to send. `own`: it is the client's and not a plugin's.
OptionsFault choose_subnet(
    const std::optional<dns::EdnsOption>& given,
    bool own,
    const loom_query& query,
    const SubnetRule& rule,
    std::optional<dns::ClientSubnet>& chosen) {
    if (given && !(own && rule.kind == SubnetRule::Kind::strip)) {
        const auto subnet = dns::ClientSubnet::read(given->data);
        if (!subnet || subnet->scope_prefix != 0) return OptionsFault::malformed_subnet;
        chosen = *subnet;
        if (own) shorten(*chosen, limit(*chosen, rule));
    } else if (rule.kind == SubnetRule::Kind::add) {
        chosen = subnet_of(query.client, rule);
    }
    return OptionsFault::none;
}

bool add_subnet(OutgoingQuery& out, const dns::ClientSubnet& subnet) {
    std::array<std::uint8_t, 24> room;
    dns::OptionsWriter writer{room};
    writer.add(subnet);
    const auto option = *writer.options().begin();
    return out.add_option(option.code, option.data);
}

}  // namespace

OptionsFault add_options(
    OutgoingQuery& out,
    const loom_query& query,
    const SubnetRule& rule,
    std::optional<dns::ClientSubnet>& sent) {
    const auto options = dns::EdnsOptions::check(view(query.edns_options));
    if (!options) return OptionsFault::none;
    const auto client = options->empty() ? dns::EdnsOptions{} : options_of_client(query);
    const bool changed = !is_within(query.edns_options, query.wire);

    std::optional<dns::EdnsOption> subnet;
    for (const dns::EdnsOption option : *options) {
        if (option.code == dns::option_code::client_subnet) {
            if (!subnet) subnet = option;
            continue;
        }
        if (!changed || is_of_one_hop(option.code)) continue;
        if (option.code < local_use_min && contains(client, option)) continue;
        if (!out.add_option(option.code, option.data)) return OptionsFault::no_room;
    }
    const bool own = subnet && contains(client, *subnet);
    const auto fault = choose_subnet(subnet, own, query, rule, sent);
    if (fault != OptionsFault::none || !sent) return fault;
    return add_subnet(out, *sent) ? OptionsFault::none : OptionsFault::no_room;
}

}  // namespace loom::forward
