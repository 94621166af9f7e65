// SPDX-License-Identifier: Apache-2.0
#include "inspect.hpp"

#include "../config/units.hpp"
#include "abi_rule.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>

namespace loom::host {
namespace {

constexpr std::size_t text_size_max = 1024;

struct RoleName {
    std::uint32_t bit;
    std::string_view name;
};

constexpr std::array role_names{
    RoleName{LOOM_ROLE_POLICY, "policy"},
    RoleName{LOOM_ROLE_REWRITE, "rewrite"},
    RoleName{LOOM_ROLE_CACHE, "cache"},
    RoleName{LOOM_ROLE_SOURCE, "source"},
    RoleName{LOOM_ROLE_UPSTREAM, "upstream"},
    RoleName{LOOM_ROLE_OBSERVER, "observer"},
    RoleName{LOOM_ROLE_ANY_CLASS, "any class"}};

std::string text_of(const loom_str& text) {
    return printable({text.data, text.size}, text_size_max);
}

void append_word(std::string& list, std::string_view word) {
    if (!list.empty()) list += ", ";
    list += word;
}

std::string or_none(std::string list) { return list.empty() ? "none" : std::move(list); }

std::string roles_of(const loom_plugin& plugin) {
    std::string list;
    for (const RoleName& each : role_names) {
        if ((plugin.roles & each.bit) != 0) append_word(list, each.name);
    }
    return or_none(std::move(list));
}

std::string hooks_of(const loom_plugin& plugin) {
    const std::array<std::pair<bool, std::string_view>, 10> hooks{{
        {plugin.on_query != nullptr, "on_query"},
        {plugin.on_response != nullptr, "on_response"},
        {plugin.on_resume != nullptr, "on_resume"},
        {plugin.on_cancel != nullptr, "on_cancel"},
        {plugin.worker_init != nullptr, "worker_init"},
        {plugin.start != nullptr, "start"},
        {plugin.stop != nullptr, "stop"},
        {plugin.export_state != nullptr, "export_state"},
        {plugin.import_state != nullptr, "import_state"},
        {plugin.extension != nullptr, "extension"},
    }};
    std::string list;
    for (const auto& [present, name] : hooks) {
        if (present) append_word(list, name);
    }
    return or_none(std::move(list));
}

std::string services_of(const loom_plugin& plugin) {
    std::string list;
    const char* const* each = plugin.required_services;
    for (; each != nullptr && *each != nullptr; ++each) append_word(list, printable(*each));
    return or_none(std::move(list));
}

std::string type_of(const loom_option_spec& option) {
    constexpr std::array<std::string_view, 11> names{
        "unknown",
        "string",
        "integer",
        "boolean",
        "real",
        "duration",
        "size",
        "name",
        "path",
        "endpoint",
        "table"};
    const bool known = option.type > 0 && option.type <= LOOM_OPTION_TABLE;
    std::string type{names[known ? static_cast<std::size_t>(option.type) : 0]};
    if ((option.flags & LOOM_OPTION_LIST) == 0) return type;
    type = "list of " + type;
    return option.list_max == 0 ? type : fmt::format("{}, at most {}", type, option.list_max);
}

std::string bound_text(const loom_option_spec& option, std::int64_t bound) {
    // The ABI has no other way to say "no upper bound".
    if (bound == INT64_MAX) return {};
    if (option.type == LOOM_OPTION_DURATION)
        return format_duration(std::chrono::nanoseconds{bound});
    if (option.type == LOOM_OPTION_SIZE) return format_size(bound);
    return std::to_string(bound);
}

std::string range_of(const loom_option_spec& option) {
    if (option.choices.size != 0) return text_of(option.choices);
    if (option.minimum == 0 && option.maximum == 0) return {};
    const auto range = fmt::format(
        "{}..{}", bound_text(option, option.minimum), bound_text(option, option.maximum));
    const bool of_length = option.type != LOOM_OPTION_INTEGER &&
                           option.type != LOOM_OPTION_DURATION && option.type != LOOM_OPTION_SIZE;
    return of_length ? range + " octets" : range;
}

std::string default_of(const loom_option_spec& option) {
    if ((option.flags & LOOM_OPTION_REQUIRED) != 0) return "required";
    return option.default_value.size == 0 ? "no default"
                                          : "default " + text_of(option.default_value);
}

void append_options(
    std::string& text, std::span<const loom_option_spec> options, std::string_view prefix) {
    for (const loom_option_spec& each : options) {
        const auto name = std::string{prefix} + text_of(each.name);
        const auto range = range_of(each);
        fmt::format_to(
            std::back_inserter(text),
            "    {:<24} {}{}{}; {}\n",
            name,
            type_of(each),
            range.empty() ? "" : ", ",
            range,
            default_of(each));
        if (each.help.size != 0) text += fmt::format("    {:<24} {}\n", "", text_of(each.help));
        if (each.type != LOOM_OPTION_TABLE) continue;
        append_options(text, {each.fields, each.field_count}, name + ".");
    }
}

void append_plugin(std::string& text, const loom_plugin& plugin) {
    fmt::format_to(
        std::back_inserter(text),
        "{} {}\n"
        "  summary   {}\n"
        "  license   {}\n"
        "  ABI       {}\n"
        "  roles     {}\n"
        "  hooks     {}\n"
        "  services  {}\n"
        "  state     {}\n",
        text_of(plugin.id),
        text_of(plugin.version),
        text_of(plugin.summary),
        text_of(plugin.license),
        abi_text(plugin.abi_major, plugin.abi_minor),
        roles_of(plugin),
        hooks_of(plugin),
        services_of(plugin),
        plugin.state_version == 0 ? "not handed over"
                                  : fmt::format("version {}", plugin.state_version));
    if (plugin.option_count == 0) {
        text += "  options   none\n";
        return;
    }
    text += "  options\n";
    append_options(text, {plugin.options, plugin.option_count}, {});
}

}  // namespace

std::string inspection_text(const PluginFile& file, std::span<const loom_plugin* const> plugins) {
    std::string text;
    for (const loom_plugin* each : plugins) append_plugin(text, *each);
    std::string needed;
    for (const std::string& each : file.needed) append_word(needed, each);
    text += fmt::format(
        "file\n  build ID  {}\n  needs     {}\n",
        file.build_id.empty() ? "none; link with -Wl,--build-id" : file.build_id,
        or_none(std::move(needed)));
    for (const std::string& each : file.warnings) text += fmt::format("  warning   {}\n", each);
    return text;
}

std::string listing_line(const CatalogEntry& entry, const Result<PluginFile>& file) {
    const auto name = printable(entry.name);
    const auto path = printable(entry.path.native(), text_size_max);
    if (!file) return fmt::format("{:<16} unusable: {}", name, file.error().text);
    const auto also = file->id == entry.name ? std::string{} : fmt::format(" (id {})", file->id);
    const auto warnings = file->warnings.empty()
                              ? std::string{}
                              : fmt::format(", {} warnings", file->warnings.size());
    return fmt::format(
        "{:<16} {:<10} ABI {}  {}{}{}{}",
        name,
        file->version,
        abi_text(file->abi_major, file->abi_minor),
        path,
        also,
        warnings,
        entry.hidden ? ", hidden by one of the same name" : "");
}

}  // namespace loom::host
