// SPDX-License-Identifier: Apache-2.0
// The order that the addresses of one RRset get.
#pragma once

#include "weights.hpp"

#include <dnsloom/dns/ip_address.hpp>
#include <dnsloom/dns/ip_network.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace loom::lb {

enum class Policy : std::uint8_t { round_robin, weighted, keep };

/// Numbers that need not be secret: xoshiro256++ by Blackman and Vigna. One a worker.
class Random {
public:
    explicit Random(std::uint64_t seed);
    std::uint64_t next();
    /// 0 .. bound-1; bound is not 0. The bias is below bound/2^32.
    std::uint32_t below(std::uint32_t bound) {
        return static_cast<std::uint32_t>((next() >> 32U) * bound >> 32U);
    }

private:
    std::array<std::uint64_t, 4> state_;
};

/// A number for a client and an address that is the same on all servers and at all times.
[[nodiscard]] std::uint64_t
sticky_hash(const dns::IpAddress& client, const dns::IpAddress& address);

/// Room for the order of the largest RRset. One a worker.
class Ordering {
public:
    static constexpr std::size_t items_max = 65535 / 15;

    struct Item {
        dns::IpAddress address;
        std::uint32_t weight = weight_default;  ///< 1..255
        std::uint32_t rank = 0;                 ///< Smaller ones come first, whatever the policy.
    };

    /// Begins an RRset of `count` addresses in their present order. All but shuffle() need to know
    /// them: the caller fills in address, weight and rank.
    void begin(std::size_t count);
    std::span<Item> fill();
    /// The places that the addresses had: the new first one's, and so on.
    std::span<const std::uint16_t> order() const { return {order_.data(), count_}; }

    /// All orders are as likely.
    void shuffle(Random& random);
    /// One of those with the smallest rank comes to the front, by weight; the others stay as they are.
    void choose_first(Random& random);
    /// By the client: rendezvous hashing, so that an address more or less moves no others. With
    /// weights, the share of clients that see an address first is its share of the weights.
    void stick(const dns::IpAddress& client);
    /// Sorts by rank; those of one rank stay as they are.
    void sort_by_rank();

private:
    struct Key {
        std::uint64_t value;
        std::uint16_t at;
    };
    void sort_by_keys();

    std::array<Item, items_max> items_;  // They stay where they are.
    std::array<std::uint16_t, items_max> order_;
    std::array<Key, items_max> keys_;
    std::size_t count_ = 0;
};

}  // namespace loom::lb
