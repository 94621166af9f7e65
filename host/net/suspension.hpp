// SPDX-License-Identifier: Apache-2.0
// Queries that wait, and the tokens by which they are resumed.
#pragma once

#include "../pipeline/exchange.hpp"

#include <dnsloom/abi/base.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

namespace loom::host {

/// When a suspension that begins at `now_ns` ends by itself: at the query's deadline, or after the
/// plugin's own time (0: none) if that is sooner.
std::uint64_t
suspension_due(std::uint64_t now_ns, std::uint64_t deadline_ns, std::uint64_t timeout_ns);

/// The suspensions of one worker. A token is good for one claim, by whoever comes first: a resume
/// from any thread, or the worker itself when time is up. All but claim() is the worker's own
/// thread's.
class SuspensionTable {
public:
    explicit SuspensionTable(std::uint32_t worker);

    /// Arms `e`, with a token that is new each time; 0 if `limit` queries have a place already.
    loom_token arm(Exchange& e, std::uint32_t limit);
    /// The hook that armed it decided otherwise: the token is stale.
    void disarm(Exchange& e);
    /// True once for each token, unless it was disarmed. [A]
    bool claim(loom_token token);
    /// Claims the token that `e` has now.
    bool claim(const Exchange& e);
    /// The query of a claimed token; null if its hook has decided otherwise since.
    Exchange* find_claimed(loom_token token) const;
    /// Gives the place back. `e` has one.
    void release(Exchange& e);

    /// Queries that have a place: armed, waiting, resumed, or running after that.
    std::uint32_t count() const { return count_; }
    /// Calls function(Exchange&) for each that waits. It may end queries.
    template <class Function> void for_each_waiting(Function function) {
        for (std::uint32_t slot = 1; slot < slots_used_; ++slot) {
            Exchange* e = slots_[slot].exchange;
            if (e && e->suspension == Suspension::waiting) function(*e);
        }
    }

private:
    struct Slot {
        std::uint32_t armed;  // The nonce that can be claimed, atomically; 0: none.
        Exchange* exchange;
    };
    struct Free {
        void operator()(Slot* slots) const { std::free(slots); }
    };

    bool take_slot(Exchange& e, std::uint32_t limit);

    std::uint32_t worker_;
    // Other threads look into it, so it never moves; what is not used takes no memory.
    std::unique_ptr<Slot[], Free> slots_;
    std::uint32_t slots_used_ = 1;  // Slot 0 is nobody's.
    std::vector<std::uint32_t> free_slots_;
    std::uint32_t count_ = 0;
    std::uint32_t last_nonce_ = 0;
};

}  // namespace loom::host
