// SPDX-License-Identifier: Apache-2.0
// Errors that are counted for a while, and then told in one line.
#pragma once

#include <dnsloom/plugin.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace loom::errors {

/// One rule: which errors, for how long, and how they are told.
struct Consolidation {
    static constexpr std::size_t pattern_size_max = 10'000;

    std::string pattern;
    std::unique_ptr<const re2::RE2> expression;
    std::chrono::nanoseconds duration{};
    std::int32_t level = LOOM_LOG_ERROR;
    bool show_first = false;
    std::atomic<std::uint64_t> count = 0;  ///< Since the window began; 0: there is none.

    explicit Consolidation(const Options& options);
    ~Consolidation();
    bool covers(std::string_view text) const;
};

inline constexpr std::uint32_t consolidations_max = 64;
extern const OptionSpec consolidation_fields[4];

/// In order: the first that covers an error counts it.
using Consolidations = std::vector<std::unique_ptr<Consolidation>>;
Consolidations read_consolidations(const Options& options);

}  // namespace loom::errors
