// SPDX-License-Identifier: Apache-2.0
// The memory of a cache, which several instances may share.
#pragma once

#include "slice.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace loom::cache {

/// The slices of all workers. Control thread only, but for the slices.
struct Pool {
    std::vector<std::unique_ptr<Slice>> slices;  ///< By worker.
    unsigned users = 0;                          ///< Instances between start() and stop().

    /// The one that others of this name and size have got, or a new one. Without a name: a new one.
    static std::shared_ptr<Pool>
    of(const std::string& name, std::size_t region_size, std::uint32_t workers);

    /// Whether a process or a predecessor is done with it: nobody uses or reads it any more.
    bool is_left() const;
};

}  // namespace loom::cache
