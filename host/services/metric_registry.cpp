// SPDX-License-Identifier: Apache-2.0
#include "metric_registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace loom::host {

namespace {

bool is_name(std::string_view text, bool colon) {
    const auto good = [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               (c >= '0' && c <= '9') || (colon && c == ':');
    };
    return !text.empty() && !(text[0] >= '0' && text[0] <= '9') && std::ranges::all_of(text, good);
}

// Quotes are special in the values of labels only.
void append_escaped(std::string_view text, bool quotes, std::string& out) {
    for (const char c : text) {
        if (c == '\\' || (quotes && c == '"')) out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
}

std::string label_text(const MetricLabels& labels) {
    std::string out;
    for (const auto& [key, value] : labels) {
        if (!out.empty()) out += ',';
        out += key;
        out += "=\"";
        append_escaped(value, true, out);
        out += '"';
    }
    return out;
}

std::string number(double value) {
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    if (std::isnan(value)) return "NaN";
    return fmt::format("{}", value);
}

std::string_view kind_name(std::int32_t kind) {
    switch (kind) {
    case LOOM_METRIC_GAUGE:
        return "gauge";
    case LOOM_METRIC_HISTOGRAM:
        return "histogram";
    default:
        return "counter";
    }
}

bool is_sound(const MetricRegistry::Definition& definition) {
    if (!is_name(definition.name, true)) return false;
    for (const auto& [key, value] : definition.labels)
        if (!is_name(key, false) || value.size() > 1024) return false;
    if (definition.kind == LOOM_METRIC_HISTOGRAM) {
        return !definition.bounds.empty() &&
               definition.bounds.size() <= MetricRegistry::bounds_max &&
               std::ranges::all_of(
                   definition.bounds, [](double bound) { return std::isfinite(bound); }) &&
               std::ranges::is_sorted(definition.bounds, std::less_equal{});
    }
    return definition.kind == LOOM_METRIC_COUNTER || definition.kind == LOOM_METRIC_GAUGE;
}

}  // namespace

MetricRegistry::MetricRegistry(std::uint32_t lanes)
    : first_cell_{std::make_unique<std::atomic<std::uint32_t>[]>(series_max + 1)},
      histograms_{std::make_unique<std::atomic<const Series*>[]>(series_max + 1)} {
    for (std::uint32_t i = 0; i < lanes; ++i) lanes_.push_back(std::make_unique<Lane>());
    series_.emplace_back();
}

MetricRegistry::~MetricRegistry() {
    for (const auto& lane : lanes_)
        for (auto& chunk : lane->chunks) delete chunk.load();
}

std::optional<std::uint32_t> MetricRegistry::define(const Definition& definition) {
    if (!is_sound(definition)) return std::nullopt;
    const std::lock_guard lock{mutex_};
    MetricLabels labels = definition.labels;
    std::ranges::sort(labels);
    if (std::ranges::adjacent_find(labels, {}, &MetricLabels::value_type::first) != labels.end())
        return std::nullopt;
    const std::string prefix = definition.name + '{';
    // All series of the name follow.
    if (const auto same = by_key_.lower_bound(prefix);
        same != by_key_.end() && same->first.starts_with(prefix)) {
        const Definition& other = series_[same->second]->definition;
        if (other.kind != definition.kind || other.bounds != definition.bounds)
            return std::nullopt;
    }
    const std::string key = prefix + label_text(labels) + '}';
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
        ++series_[found->second]->uses;
        return found->second;
    }
    if (free_ids_.empty() && series_.size() > series_max) return std::nullopt;
    const bool is_histogram = definition.kind == LOOM_METRIC_HISTOGRAM;
    const auto cells =
        is_histogram ? static_cast<std::uint32_t>(definition.bounds.size() + 2) : 1U;
    const auto first = take_cells(cells);
    if (!first) return std::nullopt;
    std::uint32_t id = 0;
    if (!free_ids_.empty()) {
        id = free_ids_.back();
        free_ids_.pop_back();
    } else {
        id = static_cast<std::uint32_t>(series_.size());
        series_.emplace_back();
    }
    auto series = std::make_unique<Series>();
    series->definition = definition;
    series->definition.labels = std::move(labels);
    series->key = key;
    series->first_cell = *first;
    series->cells = cells;
    series->uses = 1;
    if (is_histogram) histograms_[id].store(series.get(), std::memory_order_release);
    series_[id] = std::move(series);
    by_key_.emplace(key, id);
    first_cell_[id].store(*first, std::memory_order_release);
    return id;
}

void MetricRegistry::release(std::uint32_t id) {
    const std::lock_guard lock{mutex_};
    if (id >= series_.size() || !series_[id] || --series_[id]->uses != 0) return;
    first_cell_[id].store(0, std::memory_order_release);
    histograms_[id].store(nullptr, std::memory_order_release);
    by_key_.erase(series_[id]->key);
    free_cells_[series_[id]->cells].push_back(series_[id]->first_cell);
    series_[id].reset();
    free_ids_.push_back(id);
}

std::optional<std::uint32_t> MetricRegistry::take_cells(std::uint32_t count) {
    if (auto& free = free_cells_[count]; !free.empty()) {
        const std::uint32_t first = free.back();
        free.pop_back();
        for (const auto& lane : lanes_)
            for (std::uint32_t i = 0; i < count; ++i) {
                Chunk* chunk = lane->chunks[(first + i) / chunk_cells].load();
                (*chunk)[(first + i) % chunk_cells].store(0, std::memory_order_relaxed);
            }
        return first;
    }
    // A series lies in one chunk.
    if (next_cell_ % chunk_cells + count > chunk_cells)
        next_cell_ = static_cast<std::uint32_t>((next_cell_ / chunk_cells + 1) * chunk_cells);
    const std::uint32_t first = next_cell_;
    if (first / chunk_cells >= chunks_max) return std::nullopt;
    for (const auto& lane : lanes_) {
        auto& slot = lane->chunks[first / chunk_cells];
        if (!slot.load()) slot.store(new Chunk{}, std::memory_order_release);
    }
    next_cell_ += count;
    return first;
}

void MetricRegistry::observe(std::uint32_t lane, std::uint32_t id, double value) {
    Cell* cells = find(lane, id);
    const Series* series = cells ? histograms_[id].load(std::memory_order_acquire) : nullptr;
    if (!series) return;
    const auto& bounds = series->definition.bounds;
    const auto bucket =
        static_cast<std::size_t>(std::ranges::lower_bound(bounds, value) - bounds.begin());
    bump(cells[bucket], 1);
    Cell& total = cells[bounds.size() + 1];
    total.store(
        std::bit_cast<std::uint64_t>(
            std::bit_cast<double>(total.load(std::memory_order_relaxed)) + value),
        std::memory_order_relaxed);
}

void MetricRegistry::set(std::uint32_t id, double value) {
    const std::lock_guard lock{mutex_};
    if (id < series_.size() && series_[id]) series_[id]->gauge.store(value);
}

std::uint64_t MetricRegistry::sum(std::uint32_t index) const {
    std::uint64_t total = 0;
    for (std::uint32_t lane = 0; lane < lanes_.size(); ++lane)
        if (const Cell* cell = cell_at(lane, index)) total += cell->load(std::memory_order_relaxed);
    return total;
}

double MetricRegistry::value(std::uint32_t id) const {
    const std::lock_guard lock{mutex_};
    if (id >= series_.size() || !series_[id]) return 0;
    const Series& series = *series_[id];
    if (series.definition.kind == LOOM_METRIC_GAUGE) return series.gauge.load();
    return static_cast<double>(sum(series.first_cell));
}

std::string MetricRegistry::render() const {
    const std::lock_guard lock{mutex_};
    std::string out;
    std::string_view last;
    // '{' sorts behind all letters of names, so that series of one name stand together only
    // when sorted by name first.
    std::vector<const Series*> sorted;
    for (const auto& series : series_)
        if (series) sorted.push_back(series.get());
    std::ranges::sort(sorted, [](const Series* a, const Series* b) {
        return std::tie(a->definition.name, a->key) < std::tie(b->definition.name, b->key);
    });
    for (const Series* series : sorted) {
        const Definition& definition = series->definition;
        if (definition.name != last) {
            out += fmt::format("# HELP {} ", definition.name);
            append_escaped(definition.help, false, out);
            out += fmt::format(
                "\n# TYPE {} {}\n", definition.name, kind_name(definition.kind));
            last = definition.name;
        }
        render_series(*series, out);
    }
    return out;
}

void MetricRegistry::render_series(const Series& series, std::string& out) const {
    const Definition& definition = series.definition;
    const std::string labels = label_text(definition.labels);
    const std::string braces = labels.empty() ? "" : '{' + labels + '}';
    if (definition.kind == LOOM_METRIC_GAUGE) {
        out += fmt::format("{}{} {}\n", definition.name, braces, number(series.gauge.load()));
        return;
    }
    if (definition.kind == LOOM_METRIC_COUNTER) {
        out += fmt::format("{}{} {}\n", definition.name, braces, sum(series.first_cell));
        return;
    }
    const std::string comma = labels.empty() ? "" : labels + ',';
    std::uint64_t below = 0;
    for (std::size_t i = 0; i <= definition.bounds.size(); ++i) {
        below += sum(series.first_cell + static_cast<std::uint32_t>(i));
        const std::string bound =
            i < definition.bounds.size() ? number(definition.bounds[i]) : "+Inf";
        out += fmt::format("{}_bucket{{{}le=\"{}\"}} {}\n", definition.name, comma, bound, below);
    }
    double total = 0;
    const auto index = series.first_cell + static_cast<std::uint32_t>(definition.bounds.size()) + 1;
    for (std::uint32_t lane = 0; lane < lanes_.size(); ++lane)
        if (const Cell* cell = cell_at(lane, index))
            total += std::bit_cast<double>(cell->load(std::memory_order_relaxed));
    out += fmt::format("{}_sum{} {}\n", definition.name, braces, number(total));
    out += fmt::format("{}_count{} {}\n", definition.name, braces, below);
}

}  // namespace loom::host
