// SPDX-License-Identifier: Apache-2.0
// Reading rules from the configuration.

#include "rule_list.hpp"

#include "network_file.hpp"

#include <dnsloom/dns/codes.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace loom::acl {
namespace {

constexpr std::string_view any = "*";

Action read_action(const Option& option) {
    const std::string text = option.string();
    if (text == "block") return Action::block;
    if (text == "filter") return Action::filter;
    if (text == "drop") return Action::drop;
    return Action::allow;
}

bool is_answered(Action action) { return action == Action::block || action == Action::filter; }

std::uint16_t default_error(Action action) {
    if (!is_answered(action)) return 0;
    return action == Action::block ? dns::ede_code::blocked : dns::ede_code::filtered;
}

std::uint16_t read_error(const Options& table, Action action) {
    const auto option = table.find("extended_error");
    if (!option) return default_error(action);
    if (!is_answered(action))
        throw ConfigError{*option, "extended_error goes with the actions block and filter only"};
    const std::string text = option->string();
    if (text == "blocked") return dns::ede_code::blocked;
    if (text == "filtered") return dns::ede_code::filtered;
    if (text == "prohibited") return dns::ede_code::prohibited;
    return 0;
}

/// Nothing in the list: all types.
std::vector<std::uint16_t> read_types(const Options& table) {
    std::vector<std::uint16_t> types;
    const auto list = table.find("type");
    if (!list) return types;
    for (std::uint32_t i = 0; i < list->size(); ++i) {
        const std::string text = (*list)[i].string();
        if (text == any) return {};
        const auto type = dns::type_from_string(text);
        if (!type)
            throw ConfigError{
                (*list)[i],
                fmt::format("\"{}\" is no type: write one such as AAAA or TYPE65280", text)};
        types.push_back(*type);
    }
    if (types.empty()) throw ConfigError{*list, "an empty list is no type: leave type out for all"};
    return types;
}

}  // namespace

RuleList::RuleList(const Option& rules) {
    std::set<std::uint16_t> types;
    for (std::uint32_t i = 0; i < rules.size(); ++i) {
        const Options table = rules[i].table();
        Rule& rule = rules_.emplace_back();
        rule.decision.action = read_action(table["action"]);
        rule.decision.error = read_error(table, rule.decision.action);
        rule.types = read_types(table);
        types.insert(rule.types.begin(), rule.types.end());
        if (types.size() > types_max)
            throw ConfigError{
                rules[i], fmt::format("the rules name more than {} types", types_max)};
        read_networks_of(i, table);
    }
}

void RuleList::read_networks_of(std::uint32_t number, const Options& table) {
    const auto list = table.find("net");
    const auto files = table.find("net_file");
    rules_[number].everywhere = !list && !files;
    for (std::uint32_t i = 0; list && i < list->size(); ++i) {
        const std::string text = (*list)[i].string();
        if (text == any) {
            rules_[number].everywhere = true;
            continue;
        }
        const auto network = Network::parse(text);
        if (!network) throw ConfigError{(*list)[i], network.error()};
        if (networks_.size() == networks_max)
            throw ConfigError{
                (*list)[i], fmt::format("more than {} networks in all rules", networks_max)};
        networks_.push_back({*network, number});
    }
    for (std::uint32_t i = 0; files && i < files->size(); ++i)
        files_.push_back({(*files)[i].string(), number});
    const bool has_none = (!list || list->size() == 0) && (!files || files->size() == 0);
    if (has_none && !rules_[number].everywhere)
        throw ConfigError{
            list ? *list : *files, "an empty list is no network: leave it out for all"};
}

std::expected<std::unique_ptr<const Policy>, std::string> RuleList::compile() const {
    auto networks = networks_;
    for (const NetworkFile& file : files_) {
        const auto more = read_networks(file.path, networks_max - networks.size());
        if (!more) return std::unexpected{more.error()};
        for (const Network& network : *more) networks.push_back({network, file.rule});
    }
    return std::make_unique<const Policy>(rules_, networks);
}

std::vector<std::string> RuleList::files() const {
    std::vector<std::string> paths;
    for (const NetworkFile& file : files_) paths.push_back(file.path);
    std::ranges::sort(paths);
    const auto repeated = std::ranges::unique(paths);
    paths.erase(repeated.begin(), repeated.end());
    return paths;
}

}  // namespace loom::acl
