// SPDX-License-Identifier: Apache-2.0
// Counts events of very many kinds against rates, in memory that does not grow.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace loom::ratelimit {

/// So many events a second, and as many at once.
struct Rate {
    std::uint64_t interval_ns = 0;  ///< From one event to the next; 0: no limit.

    static Rate per_second(std::uint64_t events) {
        return {events == 0 ? 0 : 1'000'000'000 / events};
    }
};

/// One worker's. Each kind of event, known by a hash, has an account that is filled up by time and
/// that events draw upon, overdrawing it by a whole window: who is over the limit and goes on gets
/// nothing. Kept as the time at which the account would be full again (the generic cell rate
/// algorithm), so an idle account needs no memory. Where memory is short, the account with the
/// least debt makes room.
class RateTable {
public:
    /// `accounts` is rounded up, to a power of two of 64 octets with four accounts each.
    RateTable(std::size_t accounts, std::uint64_t window_ns);

    struct Outcome {
        bool is_limited = false;
        bool has_evicted = false;   ///< An account that was not full.
        std::uint32_t limited = 0;  ///< How many in a row were, with this one; stops at 65535.
    };
    /// Counts an event. `key` has to be spread well over 64 bits.
    Outcome draw(std::uint64_t key, std::uint64_t now_ns, Rate rate);

    std::size_t capacity() const { return sets_.size() * ways; }

private:
    static constexpr std::size_t ways = 4;

    struct Account {
        std::uint64_t full_at_ns = 0;
        std::uint32_t tag = 0;
        std::uint16_t limited = 0;
    };
    struct alignas(64) Set {
        std::array<Account, ways> accounts;
    };

    std::vector<Set> sets_;
    const std::uint64_t window_ns_;
};

}  // namespace loom::ratelimit
