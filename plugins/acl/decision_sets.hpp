// SPDX-License-Identifier: Apache-2.0
// What the rules that apply to an address decide, for each type of question.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace loom::acl {

/// Sets of decisions, each kept once. A set has the first rule that applies for each class of
/// types; types that no rule names are one class. To be built, not to be asked by queries.
class DecisionSets {
public:
    static constexpr std::uint32_t no_rule = 0xFFFF'FFFF;
    static constexpr std::uint32_t empty_set = 0;

    /// `classes_of_rule[i]` are the classes that rule i is for, below `classes`; empty: for all.
    DecisionSets(std::size_t classes, std::vector<std::vector<std::uint8_t>> classes_of_rule);

    /// The set that `set` becomes where `rule` applies, too. The order of merges does not matter.
    std::uint32_t merge(std::uint32_t set, std::uint32_t rule);

    std::size_t size() const { return sets_.size() / classes_; }
    std::size_t classes() const { return classes_; }
    /// By class: a rule or no_rule.
    std::span<const std::uint32_t> rules(std::uint32_t set) const {
        return {sets_.data() + set * classes_, classes_};
    }

private:
    std::uint32_t intern(const std::u32string& rules);

    const std::size_t classes_;
    const std::vector<std::vector<std::uint8_t>> classes_of_rule_;
    std::vector<std::uint32_t> sets_;
    std::unordered_map<std::u32string, std::uint32_t> known_;
    std::unordered_map<std::uint64_t, std::uint32_t> merged_;  // By set and rule.
};

}  // namespace loom::acl
