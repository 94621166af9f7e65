// SPDX-License-Identifier: Apache-2.0
// Recorded metrics, found again by name and labels.
#pragma once

#include <dnsloom/harness/harness.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace loom::harness {

/// One series.
struct Series {
    int32_t kind = 0;
    std::string name;
    std::string help;
    LabelSet labels;  ///< Sorted.
    double value = 0;
    Histogram histogram;
};

/// All series of one instance. What is wrong with a call comes back as text.
class MetricStore {
public:
    /// Defines a series or finds it again; fills `id`. Empty text if all is well.
    std::string define(
        int32_t kind,
        std::string_view name,
        std::string_view help,
        std::span<const loom_label> labels,
        std::span<const double> bounds,
        std::uint32_t& id);
    /// Each returns false if `id` is no series of the right kind.
    bool add(std::uint32_t id, std::uint64_t amount);
    bool set(std::uint32_t id, double value);
    bool observe(std::uint32_t id, double value);

    const Series* find(std::string_view name, LabelSet labels) const;
    std::string render() const;
    /// The names with their labels, for messages.
    std::string names() const;

private:
    Series* at(std::uint32_t id, int32_t kind);

    std::deque<Series> series_;  // The id is the index plus one, so that 0 is never valid.
    std::map<std::pair<std::string, LabelSet>, std::uint32_t> ids_;
};

}  // namespace loom::harness
