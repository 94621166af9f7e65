// SPDX-License-Identifier: Apache-2.0
// What the options of the cache say.
#pragma once

#include "admission.hpp"

#include <dnsloom/name_set.hpp>
#include <dnsloom/options.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace loom::cache {

/// See README.md. Times of records are in seconds.
struct Settings {
    Limits limits;
    std::size_t region_size = 0;  ///< Octets a worker.
    std::size_t denial_size = 0;  ///< The same for denials; 0: they are with the others.
    std::uint32_t prefetch = 0;   ///< Hits that make an entry worth renewing; 0: none is renewed.
    std::uint32_t prefetch_percentage = 10;
    bool keeps_ttl = false;
    NameSet disable_success;
    NameSet disable_denial;

    std::string share;  ///< Name of the pool; empty: it is nobody else's.
    std::string file;   ///< Absolute; empty: nothing is saved.

    std::uint32_t stale = 0;  ///< How long an entry is good for after its end; 0: not at all.
    bool stale_verifies = false;
    std::uint64_t stale_patience_ns = 0;
    std::uint32_t stale_ttl = 30;
    std::uint64_t stale_recheck_ns = 0;
};

/// Throws ConfigError.
[[nodiscard]] Settings read_settings(const Host& host, const Options& options);

}  // namespace loom::cache
