// SPDX-License-Identifier: Apache-2.0
#include "rule_index.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace loom::rewrite {
namespace {

bool is_hashed(const Rule& rule) {
    if (!rule.pattern || rule.field == Field::cname) return false;
    return rule.pattern->match() == Match::exact || rule.pattern->match() == Match::suffix;
}

}  // namespace

RuleIndex::RuleIndex(const Host& host, const std::vector<Rule>& rules) {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> keys;
    for (std::uint32_t number = 0; number < rules.size(); ++number) {
        const Rule& rule = rules[number];
        if (!is_hashed(rule)) {
            scanned_.push_back(number);
            continue;
        }
        const dns::Name& name = rule.pattern->from();
        const std::size_t depth = name.label_count();
        depths_[depth / 64] |= std::uint64_t{1} << depth % 64;
        keys.emplace_back(host.hash_name(name.octets()), number);
    }
    std::ranges::sort(keys);
    slots_.resize(std::bit_ceil(2 * keys.size() + 1));
    for (std::size_t i = 0; i < keys.size();) {
        Slot slot{keys[i].first, static_cast<std::uint32_t>(hashed_.size()), 0};
        for (; i < keys.size() && keys[i].first == slot.hash; ++i, ++slot.count)
            hashed_.push_back(keys[i].second);
        std::size_t at = slot.hash & (slots_.size() - 1);
        while (slots_[at].count != 0) at = (at + 1) & (slots_.size() - 1);
        slots_[at] = slot;
    }
}

std::span<const std::uint32_t> RuleIndex::find(std::uint64_t hash) const {
    for (std::size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
        const Slot& slot = slots_[at];
        if (slot.count == 0) return {};
        if (slot.hash == hash) return {hashed_.data() + slot.first, slot.count};
    }
}

RuleIndex::Candidates RuleIndex::candidates(const loom_query& query) const {
    Candidates found;
    if (!scanned_.empty()) found.add(scanned_);
    if (hashed_.empty()) return found;
    for (unsigned i = 0; i <= query.label_count; ++i) {
        const unsigned depth = query.label_count - i;
        if ((depths_[depth / 64] >> depth % 64 & 1U) == 0) continue;
        if (const auto list = find(query.suffix_hash[i]); !list.empty()) found.add(list);
    }
    return found;
}

std::optional<std::uint32_t> RuleIndex::Candidates::next(std::uint32_t first) const {
    std::optional<std::uint32_t> lowest;
    for (std::size_t i = 0; i < count_; ++i) {
        const auto* const at = std::lower_bound(lists_[i].first, lists_[i].end, first);
        if (at != lists_[i].end && (!lowest || *at < *lowest)) lowest = *at;
    }
    return lowest;
}

}  // namespace loom::rewrite
