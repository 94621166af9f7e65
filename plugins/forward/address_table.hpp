// SPDX-License-Identifier: Apache-2.0
// The addresses of upstreams whose addresses may change.
#pragma once

#include "upstream_chooser.hpp"

#include <dnsloom/abi/query.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>

namespace loom::forward {

[[nodiscard]] bool same_address(const loom_address& a, const loom_address& b);

/// Written on the control thread; workers look at the number of the generation with each query, and
/// take the lock only when it changed.
class AddressTable {
public:
    struct Snapshot {
        std::uint64_t generation = 0;
        std::array<loom_address, upstreams_max> addresses{};
        UpstreamSet present = 0;  ///< The upstreams that have an address.
    };

    std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
    Snapshot read() const;

    /// Gives `addresses`, as many as fit, to the upstreams `first` .. `first + count - 1`. Those that
    /// had one of them keep it. Tells which upstreams changed.
    UpstreamSet
    assign(std::size_t first, std::size_t count, std::span<const loom_address> addresses);

private:
    mutable std::mutex mutex_;
    Snapshot latest_;
    std::atomic<std::uint64_t> generation_{0};
};

}  // namespace loom::forward
