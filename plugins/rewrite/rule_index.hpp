// SPDX-License-Identifier: Apache-2.0
// Which rules a question has to be tried with, without a look at all of them.
#pragma once

#include "rule.hpp"

#include <dnsloom/abi/query.h>
#include <dnsloom/dns/name.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace loom::rewrite {

/// Rules for an exact name or a suffix are found by the hashes that the host has ready for each
/// question; the others are tried one by one. Either way in the order of the configuration.
class RuleIndex {
public:
    RuleIndex(const Host& host, const std::vector<Rule>& rules);

    /// The rules that may match a question, by number. Valid while the question is what it was.
    class Candidates {
    public:
        /// The next one from `first` on.
        std::optional<std::uint32_t> next(std::uint32_t first) const;

    private:
        friend class RuleIndex;
        struct List {
            const std::uint32_t* first;
            const std::uint32_t* end;
        };
        void add(std::span<const std::uint32_t> list) {
            lists_[count_++] = {list.data(), list.data() + list.size()};
        }
        std::size_t count_ = 0;
        std::array<List, dns::labels_max + 2> lists_;  // Not cleared: it is large for what is used.
    };
    Candidates candidates(const loom_query& query) const;

private:
    struct Slot {
        std::uint64_t hash = 0;
        std::uint32_t first = 0;
        std::uint32_t count = 0;  ///< 0: free.
    };
    std::span<const std::uint32_t> find(std::uint64_t hash) const;

    std::vector<std::uint32_t> scanned_;
    std::vector<std::uint32_t> hashed_;      // Rule numbers, those of one hash together.
    std::vector<Slot> slots_;                // Its size is a power of two.
    std::array<std::uint64_t, 2> depths_{};  // Bit n: a rule's name has n labels.
};

}  // namespace loom::rewrite
