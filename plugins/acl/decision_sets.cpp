// SPDX-License-Identifier: Apache-2.0
// Merging rules, with a memory of what was merged before: most of a large table is alike.

#include "decision_sets.hpp"

#include <algorithm>
#include <utility>

namespace loom::acl {

DecisionSets::DecisionSets(
    std::size_t classes, std::vector<std::vector<std::uint8_t>> classes_of_rule)
    : classes_{classes}, classes_of_rule_{std::move(classes_of_rule)} {
    intern(std::u32string(classes_, char32_t{no_rule}));
}

std::uint32_t DecisionSets::merge(std::uint32_t set, std::uint32_t rule) {
    const auto [found, is_new] = merged_.try_emplace(std::uint64_t{set} << 32U | rule);
    if (!is_new) return found->second;

    const auto before = rules(set);
    std::u32string after(before.begin(), before.end());
    const auto take = [&](char32_t& first) { first = std::min(first, char32_t{rule}); };
    const auto& classes = classes_of_rule_[rule];
    if (classes.empty()) std::ranges::for_each(after, take);
    for (const std::uint8_t number : classes) take(after[number]);
    return found->second = intern(after);
}

std::uint32_t DecisionSets::intern(const std::u32string& rules) {
    const auto [found, is_new] =
        known_.try_emplace(rules, static_cast<std::uint32_t>(known_.size()));
    if (is_new) sets_.insert(sets_.end(), rules.begin(), rules.end());
    return found->second;
}

}  // namespace loom::acl
