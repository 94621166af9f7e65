// SPDX-License-Identifier: Apache-2.0
// All series of the process. Each thread counts in cells of its own; a scrape sums them.
#pragma once

#include <dnsloom/abi/service/metrics.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loom::host {

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

/// A series lives as long as some instance has it defined; its value survives from one instance to
/// the next. define(), release() and render() are the control thread's; add() and observe()
/// are lock-free, each lane being one thread's.
class MetricRegistry {
public:
    static constexpr std::size_t series_max = 65536;
    static constexpr std::size_t bounds_max = 32;

    /// `lanes`: threads that count. The control thread's is the last.
    explicit MetricRegistry(std::uint32_t lanes);
    ~MetricRegistry();

    struct Definition {
        std::int32_t kind = LOOM_METRIC_COUNTER;
        std::string name;
        std::string help;
        MetricLabels labels;
        std::vector<double> bounds;
    };
    /// The series' id, a new one or that of an equal definition. Nothing if the name or a label
    /// is malformed, the same name has another kind or other bounds, or the limit is reached.
    [[nodiscard]] std::optional<std::uint32_t> define(const Definition& definition);
    /// Takes back one define(). The series ends with the last.
    void release(std::uint32_t id);

    void add(std::uint32_t lane, std::uint32_t id, std::uint64_t amount) {
        if (Cell* cell = find(lane, id)) bump(*cell, amount);
    }
    void observe(std::uint32_t lane, std::uint32_t id, double value);
    void set(std::uint32_t id, double value);  ///< [A]

    /// Prometheus' text format 0.0.4, sorted by name.
    [[nodiscard]] std::string render() const;
    /// The value of a counter or gauge.
    [[nodiscard]] double value(std::uint32_t id) const;

    /// The lane of a thread that calls itself `where` (a worker's number or LOOM_CONTROL).
    std::uint32_t lane(std::uint32_t where) const {
        return where < lanes_.size() - 1 ? where : static_cast<std::uint32_t>(lanes_.size() - 1);
    }

private:
    using Cell = std::atomic<std::uint64_t>;
    static constexpr std::size_t chunk_cells = 512;
    static constexpr std::size_t chunks_max = 4096;
    using Chunk = std::array<Cell, chunk_cells>;

    struct Lane {
        std::array<std::atomic<Chunk*>, chunks_max> chunks{};
    };
    struct Series {
        Definition definition;
        std::string key;
        std::uint32_t first_cell = 0;  // A histogram has a cell per bucket, one for the sum's bits.
        std::uint32_t cells = 0;
        std::uint32_t uses = 0;
        std::atomic<double> gauge{0};
    };

    static void bump(Cell& cell, std::uint64_t amount) {
        cell.store(
            cell.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
    Cell* find(std::uint32_t lane, std::uint32_t id) const {
        if (id == 0 || id > series_max) return nullptr;
        const std::uint32_t index = first_cell_[id].load(std::memory_order_relaxed);
        if (index == 0) return nullptr;
        return cell_at(lane, index);
    }
    Cell* cell_at(std::uint32_t lane, std::uint32_t index) const {
        Chunk* chunk =
            lanes_[lane]->chunks[index / chunk_cells].load(std::memory_order_acquire);
        return chunk ? &(*chunk)[index % chunk_cells] : nullptr;
    }
    std::optional<std::uint32_t> take_cells(std::uint32_t count);
    std::uint64_t sum(std::uint32_t index) const;
    void render_series(const Series& series, std::string& out) const;

    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::vector<std::unique_ptr<Series>> series_;  // By id; [0] is not used.
    // By id, in arrays that never move, as workers read them: 0 and null for no such series.
    std::unique_ptr<std::atomic<std::uint32_t>[]> first_cell_;
    std::unique_ptr<std::atomic<const Series*>[]> histograms_;
    std::map<std::string, std::uint32_t> by_key_;
    std::map<std::uint32_t, std::vector<std::uint32_t>> free_cells_;  // Count -> first cells.
    std::vector<std::uint32_t> free_ids_;
    std::uint32_t next_cell_ = 1;
};

}  // namespace loom::host
