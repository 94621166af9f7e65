// SPDX-License-Identifier: Apache-2.0
#include "rate_table.hpp"

#include <algorithm>
#include <bit>

namespace loom::ratelimit {
namespace {

constexpr std::uint64_t burst_ns = 1'000'000'000;  // One second's worth at once.

}  // namespace

RateTable::RateTable(std::size_t accounts, std::uint64_t window_ns)
    : sets_(std::bit_ceil(std::max<std::size_t>(accounts / ways, 1))), window_ns_{window_ns} {}

RateTable::Outcome RateTable::draw(std::uint64_t key, std::uint64_t now_ns, Rate rate) {
    const auto tag = static_cast<std::uint32_t>(key >> 32U);
    Set& set = sets_[key & (sets_.size() - 1)];
    Outcome outcome;
    const auto found = std::ranges::find(set.accounts, tag, &Account::tag);
    Account* account = &*found;
    if (found == set.accounts.end()) {
        account = &*std::ranges::min_element(set.accounts, {}, &Account::full_at_ns);
        outcome.has_evicted = account->full_at_ns > now_ns;
        *account = {.tag = tag};
    }
    const std::uint64_t full_at = std::max(account->full_at_ns, now_ns) + rate.interval_ns;
    account->full_at_ns = std::min(full_at, now_ns + burst_ns + window_ns_);
    outcome.is_limited = full_at > now_ns + burst_ns;
    if (!outcome.is_limited)
        account->limited = 0;
    else if (account->limited != UINT16_MAX)
        ++account->limited;
    outcome.limited = account->limited;
    return outcome;
}

}  // namespace loom::ratelimit
