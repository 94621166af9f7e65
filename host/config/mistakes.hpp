// SPDX-License-Identifier: Apache-2.0
// The mistakes found in a configuration, so that several are told at once.
#pragma once

#include "error.hpp"
#include "place.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace loom::host {

/// More than this many lines nobody reads.
inline constexpr std::size_t mistakes_max = 20;

class Mistakes {
public:
    /// Adds `place: text`, or `text` alone where the place is not known. Nothing is kept beyond the
    /// limit.
    void add(const Place& place, std::string_view text);

    bool empty() const { return errors_.empty(); }
    bool full() const { return errors_.size() >= mistakes_max; }
    const std::vector<Error>& list() const { return errors_; }

private:
    std::vector<Error> errors_;
};

}  // namespace loom::host
