// SPDX-License-Identifier: Apache-2.0
#include "ordering.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

namespace loom::lb {
namespace {

/// The finaliser of MurmurHash3 (public domain, Austin Appleby).
std::uint64_t mix(std::uint64_t x) {
    x = (x ^ x >> 33U) * 0xff51afd7ed558ccdU;
    x = (x ^ x >> 33U) * 0xc4ceb9fe1a85ec53U;
    return x ^ x >> 33U;
}

/// Adding it walks through all numbers in a scattered order (Steele, Lea and Flood, SplitMix).
constexpr std::uint64_t golden_gamma = 0x9e3779b97f4a7c15U;

}  // namespace

Random::Random(std::uint64_t seed) {
    for (auto& word : state_) word = mix(seed += golden_gamma);
}

std::uint64_t Random::next() {
    auto& s = state_;
    const std::uint64_t result = std::rotl(s[0] + s[3], 23) + s[0];
    const std::uint64_t t = s[1] << 17U;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = std::rotl(s[3], 45);
    return result;
}

std::uint64_t sticky_hash(const dns::IpAddress& client, const dns::IpAddress& address) {
    std::uint64_t hash = mix(client.high + golden_gamma);
    hash = mix(hash ^ client.low);
    hash = mix(hash ^ address.high);
    return mix(hash ^ address.low);
}

void Ordering::begin(std::size_t count) {
    count_ = std::min(count, items_max);
    for (std::size_t i = 0; i < count_; ++i) order_[i] = static_cast<std::uint16_t>(i);
}

std::span<Ordering::Item> Ordering::fill() {
    std::fill_n(items_.begin(), count_, Item{});
    return {items_.data(), count_};
}

void Ordering::shuffle(Random& random) {
    for (std::size_t left = count_; left > 1; --left)
        std::swap(order_[left - 1], order_[random.below(static_cast<std::uint32_t>(left))]);
}

void Ordering::choose_first(Random& random) {
    const std::span items{items_.data(), count_};
    const std::uint32_t best = std::ranges::min(items, {}, &Item::rank).rank;
    const auto weight = [&](std::size_t at) {
        const Item& item = items[order_[at]];
        return item.rank == best ? item.weight : 0;
    };
    std::uint32_t total = 0;
    for (std::size_t i = 0; i < count_; ++i) total += weight(i);
    std::uint32_t left = random.below(total);
    std::size_t chosen = 0;
    while (left >= weight(chosen)) left -= weight(chosen++);
    const auto front = order_.begin() + static_cast<std::ptrdiff_t>(chosen);
    std::rotate(order_.begin(), front, front + 1);
}

void Ordering::stick(const dns::IpAddress& client) {
    const std::span items{items_.data(), count_};
    const bool is_even = std::ranges::all_of(
        items, [&](const Item& item) { return item.weight == items[0].weight; });
    for (std::size_t i = 0; i < count_; ++i) {
        const std::uint64_t hash = sticky_hash(client, items[i].address);
        // Turned over, so that equal weights give one order whichever way they are taken.
        keys_[i] = {~hash, static_cast<std::uint16_t>(i)};
        if (is_even) continue;
        // An exponential variable of this rate: the smallest of several is each one with the
        // probability of its share of the weights (Efraimidis and Spirakis).
        const double even = (static_cast<double>(hash >> 11U) + 0.5) * 0x1p-53;
        const double late = -std::log(even) / items[i].weight;
        keys_[i].value = std::bit_cast<std::uint64_t>(late);  // Ordered like the number: positive.
    }
    sort_by_keys();
}

void Ordering::sort_by_rank() {
    const auto rank = [this](std::uint16_t at) { return items_[at].rank; };
    if (std::ranges::is_sorted(order(), {}, rank)) return;
    for (std::size_t i = 0; i < count_; ++i)
        keys_[i] = {std::uint64_t{rank(order_[i])} << 16U | i, order_[i]};
    sort_by_keys();
}

void Ordering::sort_by_keys() {
    const std::span keys{keys_.data(), count_};
    std::ranges::sort(keys, {}, &Key::value);
    for (std::size_t i = 0; i < count_; ++i) order_[i] = keys[i].at;
}

}  // namespace loom::lb
