// SPDX-License-Identifier: Apache-2.0
#include "metric_store.hpp"

#include <dnsloom/options.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <set>

namespace loom::harness {
namespace {

constexpr std::size_t series_max = 4096;
constexpr std::size_t bounds_max = 32;

bool is_word(std::string_view text) {
    if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
    return std::ranges::all_of(
        text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

std::string number_text(double value) {
    char text[32];
    const auto result = std::to_chars(text, text + sizeof text, value);
    return {text, result.ptr};
}

std::string labels_text(const LabelSet& labels, std::string_view extra = {}) {
    std::string text;
    for (const auto& [key, value] : labels) {
        text += (text.empty() ? "" : ",") + key + "=\"";
        for (const char c : value) {
            if (c == '"' || c == '\\') text += '\\';
            text += c;
        }
        text += '"';
    }
    if (!extra.empty()) text += (text.empty() ? "" : ",") + std::string{extra};
    return text.empty() ? text : "{" + text + "}";
}

std::string histogram_text(const Series& series) {
    const auto& h = series.histogram;
    std::string text;
    std::uint64_t sum = 0;
    const auto bucket = [&](const std::string& bound, std::uint64_t count) {
        text += series.name + "_bucket" + labels_text(series.labels, "le=\"" + bound + "\"") + ' ' +
                std::to_string(count) + '\n';
    };
    for (std::size_t i = 0; i < h.bounds.size(); ++i)
        bucket(number_text(h.bounds[i]), sum += h.buckets[i]);
    bucket("+Inf", h.count);
    const auto labels = labels_text(series.labels);
    text += series.name + "_sum" + labels + ' ' + number_text(h.sum) + '\n';
    return text + series.name + "_count" + labels + ' ' + std::to_string(h.count) + '\n';
}

std::string_view kind_text(int32_t kind) {
    if (kind == LOOM_METRIC_COUNTER) return "counter";
    return kind == LOOM_METRIC_GAUGE ? "gauge" : "histogram";
}

std::string definition_fault(
    int32_t kind,
    std::string_view name,
    std::string_view help,
    const LabelSet& labels,
    std::span<const double> bounds) {
    if (kind < LOOM_METRIC_COUNTER || kind > LOOM_METRIC_HISTOGRAM) return "is of no known kind";
    if (!is_word(name)) return "has a name that is not snake_case";
    if (help.empty()) return "has no help text";
    if (kind == LOOM_METRIC_COUNTER && !name.ends_with("_total"))
        return "is a counter whose name does not end in _total";
    for (const auto& [key, value] : labels)
        if (!is_word(key)) return "has the label \"" + key + "\", which is not snake_case";
    if (std::ranges::adjacent_find(labels, {}, [](const auto& l) { return l.first; }) !=
        labels.end())
        return "has a label twice";
    if ((kind == LOOM_METRIC_HISTOGRAM) == bounds.empty())
        return "has bounds and is no histogram, or the other way round";
    if (bounds.size() > bounds_max) return "has more than 32 bounds";
    if (std::ranges::adjacent_find(bounds, std::ranges::greater_equal{}) != bounds.end())
        return "has bounds that do not ascend";
    return {};
}

}  // namespace

std::string MetricStore::define(
    int32_t kind,
    std::string_view name,
    std::string_view help,
    std::span<const loom_label> labels,
    std::span<const double> bounds,
    std::uint32_t& id) {
    LabelSet sorted;
    for (const auto& label : labels) sorted.emplace_back(view(label.key), view(label.value));
    std::ranges::sort(sorted);
    if (const auto fault = definition_fault(kind, name, help, sorted, bounds); !fault.empty())
        return "metric " + std::string{name} + ' ' + fault;

    const auto key = std::pair{std::string{name}, sorted};
    if (const auto found = ids_.find(key); found != ids_.end()) {
        id = found->second;
        if (series_[id - 1].kind == kind) return {};
        return "metric " + key.first + " is defined twice with different kinds";
    }
    if (series_.size() == series_max) return "more than 4096 series are defined";
    auto& series = series_.emplace_back(Series{kind, key.first, std::string{help}, sorted, 0, {}});
    series.histogram.bounds.assign(bounds.begin(), bounds.end());
    series.histogram.buckets.resize(bounds.size());
    id = ids_[key] = static_cast<std::uint32_t>(series_.size());
    return {};
}

Series* MetricStore::at(std::uint32_t id, int32_t kind) {
    if (id == 0 || id > series_.size() || series_[id - 1].kind != kind) return nullptr;
    return &series_[id - 1];
}

bool MetricStore::add(std::uint32_t id, std::uint64_t amount) {
    auto* series = at(id, LOOM_METRIC_COUNTER);
    if (series) series->value += static_cast<double>(amount);
    return series != nullptr;
}

bool MetricStore::set(std::uint32_t id, double value) {
    auto* series = at(id, LOOM_METRIC_GAUGE);
    if (series) series->value = value;
    return series != nullptr;
}

bool MetricStore::observe(std::uint32_t id, double value) {
    auto* series = at(id, LOOM_METRIC_HISTOGRAM);
    if (!series) return false;
    auto& h = series->histogram;
    ++h.count;
    h.sum += value;
    const auto bucket = std::ranges::lower_bound(h.bounds, value);
    if (bucket != h.bounds.end()) ++h.buckets[static_cast<std::size_t>(bucket - h.bounds.begin())];
    return true;
}

const Series* MetricStore::find(std::string_view name, LabelSet labels) const {
    std::ranges::sort(labels);
    const auto found = ids_.find({std::string{name}, labels});
    return found == ids_.end() ? nullptr : &series_[found->second - 1];
}

std::string MetricStore::render() const {
    std::string text;
    std::string_view family;
    for (const auto& [key, id] : ids_) {
        const auto& series = series_[id - 1];
        if (family != series.name) {
            text += "# HELP " + series.name + ' ' + series.help + '\n';
            text += "# TYPE " + series.name + ' ' + std::string{kind_text(series.kind)} + '\n';
        }
        family = series.name;
        if (series.kind == LOOM_METRIC_HISTOGRAM)
            text += histogram_text(series);
        else
            text +=
                series.name + labels_text(series.labels) + ' ' + number_text(series.value) + '\n';
    }
    return text;
}

std::string MetricStore::names() const {
    std::string text;
    for (const auto& [key, id] : ids_)
        text += (text.empty() ? "" : ", ") + key.first + labels_text(key.second);
    return text.empty() ? "none" : text;
}

}  // namespace loom::harness
