// SPDX-License-Identifier: Apache-2.0
// The memory of a cache, which several instances may share.
#pragma once

#include "slice.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace loom::cache {

/// The slices of all workers. Control thread only, but for the slices.
struct Pool {
    /// By worker; then, where these have memory of their own, those of denials by worker.
    std::vector<std::unique_ptr<Slice>> slices;
    unsigned users = 0;  ///< Instances between start() and stop().

    /// Octets a worker.
    struct Sizes {
        std::size_t all = 0;
        std::size_t denials = 0;  ///< 0: they are with the others.

        friend auto operator<=>(const Sizes&, const Sizes&) = default;
    };
    /// The one that others of this name and these sizes have got, or a new one. Without a name: a new
    /// one.
    static std::shared_ptr<Pool>
    of(const std::string& name, const Sizes& sizes, std::uint32_t workers);

    /// Whether a process or a predecessor is done with it: nobody uses or reads it any more.
    bool is_left() const;
};

}  // namespace loom::cache
