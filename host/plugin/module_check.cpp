// SPDX-License-Identifier: Apache-2.0
#include "module_check.hpp"

#include "abi_rule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <string>

namespace loom::host {
namespace {

constexpr std::size_t text_size_max = 1024;
constexpr std::size_t services_max = 64;

// What ABI 0.1 has; later ones are longer.
constexpr std::size_t module_size_min = offsetof(loom_module, plugins) + sizeof(void*);
constexpr std::size_t plugin_size_min = offsetof(loom_plugin, extension) + sizeof(void*);
constexpr std::size_t option_size_min = offsetof(loom_option_spec, field_count) + sizeof(uint32_t);

/// What is wrong, as the rest of a sentence.
using Objection = std::optional<std::string>;

std::string_view view(const loom_str& text) { return {text.data, text.size}; }

bool is_text(const loom_str& text, std::size_t size_max = text_size_max) {
    return text.size == 0 || (text.data != nullptr && text.size <= size_max);
}

/// Lower case, digits and the marks in `also`, a letter first.
bool is_identifier(const loom_str& text, std::string_view also) {
    if (!is_text(text, sizeof(loom_note::id) - 1) || text.size == 0) return false;
    const auto lower = [](char each) { return each >= 'a' && each <= 'z'; };
    const auto allowed = [&](char each) {
        return lower(each) || (each >= '0' && each <= '9') ||
               also.find(each) != std::string_view::npos;
    };
    return lower(*text.data) && std::ranges::all_of(view(text), allowed);
}

Objection check_options(const loom_option_spec* options, std::size_t count, std::size_t depth);

Objection check_option(const loom_option_spec& option, std::size_t depth) {
    if (option.size < option_size_min) {
        return fmt::format("has an option whose size is {}; set it to sizeof", option.size);
    }
    if (!is_identifier(option.name, "_")) return "has an option without a snake_case name";
    const auto name = view(option.name);
    if (option.type < LOOM_OPTION_STRING || option.type > LOOM_OPTION_TABLE) {
        return fmt::format("has an option {} of unknown type {}", name, option.type);
    }
    if (!is_text(option.help) || !is_text(option.default_value) || !is_text(option.choices)) {
        return fmt::format("has an option {} with an unusable text", name);
    }
    if (option.minimum > option.maximum) {
        return fmt::format("has an option {} whose minimum is above its maximum", name);
    }
    if (option.type != LOOM_OPTION_TABLE) return std::nullopt;
    return check_options(option.fields, option.field_count, depth + 1);
}

Objection check_options(const loom_option_spec* options, std::size_t count, std::size_t depth) {
    if (depth > plugin_option_depth_max) return "has options nested too deeply";
    if (count > plugin_options_max) {
        return fmt::format("has {} options; at most {} are allowed", count, plugin_options_max);
    }
    if (count != 0 && options == nullptr) return "counts options that it does not have";
    std::set<std::string_view> names;
    for (const loom_option_spec& each : std::span{options, count}) {
        if (auto wrong = check_option(each, depth)) return wrong;
        if (!names.insert(view(each.name)).second) {
            return fmt::format("has the option {} twice", view(each.name));
        }
    }
    return std::nullopt;
}

Objection check_services(const char* const* services) {
    if (services == nullptr) return std::nullopt;
    for (std::size_t i = 0; i < services_max; ++i) {
        if (services[i] == nullptr) return std::nullopt;
    }
    return "has a list of required services without a NULL at its end";
}

Objection check_plugin(const loom_plugin& plugin) {
    if (plugin.size < plugin_size_min) {
        return fmt::format(
            "has a loom_plugin of {} octets, {} are needed; set size to sizeof(loom_plugin)",
            plugin.size,
            plugin_size_min);
    }
    if (auto wrong = abi_objection(plugin.abi_major, plugin.abi_minor); !wrong.empty()) {
        return wrong;
    }
    if (!is_identifier(plugin.id, "_-")) {
        return "has an id that is not made of a-z, 0-9, _ and -, a letter first, at most 47";
    }
    if (plugin.version.size == 0 || !is_text(plugin.version, sizeof(loom_note::version) - 1)) {
        return "has no version of 1 to 23 octets";
    }
    if (!is_text(plugin.license) || !is_text(plugin.summary)) {
        return fmt::format("has a license or summary over {} octets", text_size_max);
    }
    if (plugin.create == nullptr || plugin.destroy == nullptr) return "lacks create or destroy";
    if (plugin.scratch_size > plugin_scratch_size_max) {
        return fmt::format(
            "wants {} octets of scratch; at most {} are allowed",
            plugin.scratch_size,
            plugin_scratch_size_max);
    }
    if (auto wrong = check_services(plugin.required_services)) return wrong;
    return check_options(plugin.options, plugin.option_count, 1);
}

Objection check(const loom_module& module) {
    if (module.size < module_size_min) {
        return fmt::format(
            "has a loom_module of {} octets; set size to sizeof(loom_module)", module.size);
    }
    if (auto wrong = abi_objection(module.abi_major, module.abi_minor); !wrong.empty()) {
        return wrong;
    }
    if (module.plugin_count == 0 || module.plugin_count > module_plugins_max ||
        module.plugins == nullptr) {
        return fmt::format(
            "has {} plugins; 1 to {} are allowed", module.plugin_count, module_plugins_max);
    }
    std::set<std::string_view> ids;
    for (const loom_plugin* each : std::span{module.plugins, module.plugin_count}) {
        if (each == nullptr) return "has a null pointer among its plugins";
        if (auto wrong = check_plugin(*each)) return wrong;
        if (!ids.insert(view(each->id)).second) {
            return fmt::format("has the plugin {} twice", view(each->id));
        }
    }
    return std::nullopt;
}

}  // namespace

Result<void> check_module(const loom_module& module, std::string_view place) {
    const auto wrong = check(module);
    if (!wrong) return {};
    return std::unexpected{Error{
        fmt::format("{}: {}", printable(place, 320), printable(*wrong, 320)),
        Failure::plugin_damaged}};
}

}  // namespace loom::host
