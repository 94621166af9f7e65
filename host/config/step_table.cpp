// SPDX-License-Identifier: Apache-2.0
#include "step_table.hpp"

#include "field_reader.hpp"
#include "zone_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace loom::host {
namespace {

/// The id in a plugin's ELF note is no longer.
constexpr std::size_t plugin_name_size_max = 47;
constexpr std::size_t instance_name_size_max = 64;
constexpr std::size_t fallthrough_max = 1024;

bool is_word(std::string_view text, std::size_t size_max) {
    const auto is_good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    };
    return !text.empty() && text.size() <= size_max && std::ranges::all_of(text, is_good);
}

void read_word(
    const FieldReader& reader, const Entry& entry, std::string& out, std::size_t size_max) {
    std::string text;
    if (entry.value.as<std::string>() == nullptr) return reader.wrong_kind(entry, "a string");
    reader.text(entry, text);
    if (!is_word(text, size_max)) {
        return reader.wrong(
            entry,
            fmt::format(
                "cannot be {}; a name is 1 to {} letters, digits, \"_\" and \"-\"",
                quoted(text),
                size_max));
    }
    out = text;
}

struct OutcomeField {
    std::string_view key;
    void (*read)(const FieldReader&, const Entry&, OutcomeRules&);
};

constexpr std::array outcomes{
    std::pair{std::string_view{"stop"}, Outcome::stop},
    std::pair{std::string_view{"next"}, Outcome::next}};

constexpr std::array outcome_fields{
    OutcomeField{
        "nxdomain",
        [](const FieldReader& r, const Entry& e, OutcomeRules& on) {
            r.choice(e, on.nxdomain, outcomes);
        }},
    OutcomeField{
        "nodata",
        [](const FieldReader& r, const Entry& e, OutcomeRules& on) {
            r.choice(e, on.nodata, outcomes);
        }},
    OutcomeField{
        "refused",
        [](const FieldReader& r, const Entry& e, OutcomeRules& on) {
            r.choice(e, on.refused, outcomes);
        }},
    OutcomeField{
        "servfail",
        [](const FieldReader& r, const Entry& e, OutcomeRules& on) {
            r.choice(e, on.servfail, outcomes);
        }},
};

void read_rules(const FieldReader& reader, const Table& table, StepConfig& step) {
    const auto* on = table.find("on");
    const auto* fallthrough = table.find("fallthrough");
    if (fallthrough != nullptr) {
        step.fallthrough = read_zones(reader, *fallthrough, fallthrough_max).zones;
        if (on == nullptr) step.on.nxdomain = Outcome::next;
    }
    if (on == nullptr) return;
    const auto* rules = on->value.as<Table>();
    if (rules == nullptr) return reader.wrong_kind(*on, "a table such as { nxdomain = \"next\" }");
    read_fields(reader, *rules, "\"on\"", outcome_fields, step.on);
}

std::shared_ptr<const Table> plugin_options(const Table& table) {
    auto options = std::make_shared<Table>();
    for (const Entry& entry : table.entries) {
        if (std::ranges::find(step_keys, entry.key) == step_keys.end()) {
            options->entries.push_back(entry);
        }
    }
    return options;
}

StepConfig read_step(const FieldReader& reader, const Value& value, std::string_view directory) {
    StepConfig step;
    step.place = value.place;
    step.directory = directory;
    const auto* table = value.as<Table>();
    if (table == nullptr) {
        reader.mistakes().add(
            value.place,
            fmt::format(
                "\"pipeline\" must hold tables such as {{ plugin = \"...\" }}, not {}",
                describe(value)));
        return step;
    }
    step.options = plugin_options(*table);
    if (const auto* plugin = table->find("plugin")) {
        read_word(reader, *plugin, step.plugin, plugin_name_size_max);
    } else {
        reader.mistakes().add(
            value.place, "the step has no \"plugin\"; name the plugin that it runs");
    }
    if (const auto* name = table->find("name")) {
        read_word(reader, *name, step.name, instance_name_size_max);
    }
    read_rules(reader, *table, step);
    return step;
}

void check_names(const std::vector<StepConfig>& steps, Mistakes& mistakes) {
    std::map<std::string_view, const StepConfig*> seen;
    for (const StepConfig& step : steps) {
        if (step.name.empty()) continue;
        const auto [first, fresh] = seen.emplace(step.name, &step);
        if (fresh) continue;
        mistakes.add(
            step.place,
            fmt::format(
                "the step at {} has the name {}, too; give another",
                to_string(first->second->place),
                quoted(step.name)));
    }
}

}  // namespace

std::vector<StepConfig>
read_pipeline(const Entry& entry, std::string_view directory, Mistakes& mistakes) {
    const FieldReader reader{directory, mistakes};
    std::vector<StepConfig> steps;
    const auto* array = entry.value.as<Array>();
    if (array == nullptr) {
        reader.wrong_kind(entry, "an array of tables such as [ { plugin = \"...\" } ]");
        return steps;
    }
    if (array->size() > steps_max) {
        reader.wrong(
            entry, fmt::format("has {} steps; at most {} may be", array->size(), steps_max));
        return steps;
    }
    for (const Value& value : *array) steps.push_back(read_step(reader, value, directory));
    check_names(steps, mistakes);
    return steps;
}

}  // namespace loom::host
