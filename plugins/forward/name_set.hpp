// SPDX-License-Identifier: Apache-2.0
// Names of the configuration, found by the hashes that every query brings along.
#pragma once

#include <dnsloom/abi/query.h>
#include <dnsloom/host.hpp>

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace loom::forward {

class NameSet {
public:
    /// `names` in wire form, lower case.
    NameSet(const Host& host, const std::vector<std::vector<std::uint8_t>>& names);

    /// Whether the query's name, or one above it, is in the set.
    bool covers(const loom_query& query) const;

private:
    std::unordered_multimap<std::uint64_t, std::vector<std::uint8_t>> names_;
};

}  // namespace loom::forward
