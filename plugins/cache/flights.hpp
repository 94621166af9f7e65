// SPDX-License-Identifier: Apache-2.0
// Questions that are being asked at this moment, and the queries that wait for their answers.
#pragma once

#include "layout.hpp"

#include <dnsloom/abi/query.h>
#include <dnsloom/dns/name.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace loom::cache {

struct Flight;

/// The cache's share of a query, in its scratch memory: zero at first.
struct Passage {
    Flight* leads;       ///< The flight that ends with this query's answer; null: none.
    std::uint32_t lead;  ///< Its number, for it may have been given up and opened anew.
    loom_token token;    ///< Of a query that waits.
    Flight* waits_for;   ///< Null unless it is in the list of that flight.
    Passage* before;
    Passage* behind;
};

/// One question under way. After a failure it may rest for a while: nobody asks then.
struct Flight {
    std::uint64_t hash = 0;
    std::uint64_t since_ns = 0;  ///< When it was asked.
    std::uint64_t rests_until_ns = 0;
    std::uint32_t number = 0;  ///< Another one each time that it is opened.
    bool asking = false;
    bool in_background = false;  ///< No client's query leads it.
    Passage* first = nullptr;
    Passage* last = nullptr;
    loom_handle timer = 0;  ///< When those that wait are to have something older; 0: never.
    void* owner = nullptr;  ///< For who reads `timer`.

    std::uint16_t type = 0;
    std::uint8_t bits = 0;
    std::uint8_t name_size = 0;
    std::array<std::uint8_t, dns::name_size_max> name;
    Flight* next = nullptr;  ///< In its chain.

    bool is_for(const Key& key) const;
};

/// Those of one worker, which calls from its thread only.
class Flights {
public:
    static constexpr std::size_t flights_max = 4096;
    /// A query whose answer was dropped tells nobody; no query lives longer than this.
    static constexpr std::uint64_t time_max_ns = 60'000'000'000;

    /// The flight for a key, asking or resting, or nullptr.
    Flight* find(const Key& key, std::uint64_t now_ns);
    /// Opens one for a key that has none or whose flight rests; nullptr when there are too many.
    Flight* open(const Key& key, std::uint64_t now_ns);

    static void wait(Flight& flight, Passage& passage, loom_token token);
    /// For a query that is cancelled while it waits.
    static void leave(Passage& passage);
    /// Empties the list of those that wait. Each is to be resumed.
    static std::vector<loom_token> take_waiting(Flight& flight);

    /// Ends a flight, or has it rest until a time. Nobody may wait for it any more.
    void close(Flight& flight, std::uint64_t rests_until_ns = 0);

private:
    static constexpr std::size_t chains = 4096;

    Flight*& chain_of(std::uint64_t hash) { return chains_[hash % chains]; }
    Flight* take_free();
    void drop_resting(std::uint64_t now_ns);
    void unlink(Flight& flight);

    std::deque<Flight> flights_;
    std::array<Flight*, chains> chains_{};
    Flight* free_ = nullptr;
    std::uint32_t last_number_ = 0;
};

}  // namespace loom::cache
