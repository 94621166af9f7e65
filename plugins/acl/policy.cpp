// SPDX-License-Identifier: Apache-2.0
// From rules to tables.

#include "policy.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace loom::acl {
namespace {

constexpr std::size_t type_count = std::numeric_limits<std::uint16_t>::max() + std::size_t{1};

/// 0 for the types that no rule names, and a number for each of the others.
std::vector<std::uint8_t> number_types(std::span<const Rule> rules) {
    std::vector<std::uint8_t> class_of_type(type_count);
    std::uint8_t last = 0;
    for (const Rule& rule : rules)
        for (const std::uint16_t type : rule.types)
            if (class_of_type[type] == 0) class_of_type[type] = ++last;
    return class_of_type;
}

DecisionSets make_sets(std::span<const Rule> rules, std::span<const std::uint8_t> class_of_type) {
    std::vector<std::vector<std::uint8_t>> classes_of_rule;
    classes_of_rule.reserve(rules.size());
    for (const Rule& rule : rules) {
        auto& classes = classes_of_rule.emplace_back();
        for (const std::uint16_t type : rule.types) classes.push_back(class_of_type[type]);
    }
    const std::size_t classes = *std::ranges::max_element(class_of_type) + std::size_t{1};
    return {classes, std::move(classes_of_rule)};
}

std::uint32_t merge_everywhere(std::span<const Rule> rules, DecisionSets& sets) {
    std::uint32_t set = DecisionSets::empty_set;
    for (std::uint32_t i = 0; i < rules.size(); ++i)
        if (rules[i].everywhere) set = sets.merge(set, i);
    return set;
}

std::vector<NetworkRule> of_family(std::span<const NetworkRule> networks, Family family) {
    std::vector<NetworkRule> found;
    std::ranges::copy_if(networks, std::back_inserter(found), [&](const NetworkRule& entry) {
        return entry.network.family == family;
    });
    return found;
}

}  // namespace

Policy::Policy(std::span<const Rule> rules, std::span<const NetworkRule> networks)
    : Policy{rules, networks, number_types(rules), make_sets(rules, number_types(rules))} {}

Policy::Policy(
    std::span<const Rule> rules,
    std::span<const NetworkRule> networks,
    std::vector<std::uint8_t> class_of_type,
    DecisionSets sets)
    : class_of_type_{std::move(class_of_type)},
      classes_{sets.classes()},
      everywhere_{merge_everywhere(rules, sets)},
      ipv4_{of_family(networks, Family::ipv4), sets, everywhere_},
      ipv6_{of_family(networks, Family::ipv6), sets, everywhere_} {
    decisions_.reserve(sets.size() * classes_);
    for (std::uint32_t set = 0; set < sets.size(); ++set)
        for (const std::uint32_t rule : sets.rules(set))
            decisions_.push_back(rule == DecisionSets::no_rule ? Decision{} : rules[rule].decision);
}

}  // namespace loom::acl
