// SPDX-License-Identifier: Apache-2.0
#include "expand.hpp"

#include "error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace loom::host {
namespace {

constexpr std::string_view opening = "${";
constexpr std::size_t variable_size_max = 128;

bool is_name_start(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }

bool is_variable_name(std::string_view name) {
    const auto is_part = [](char c) { return is_name_start(c) || (c >= '0' && c <= '9'); };
    return !name.empty() && name.size() <= variable_size_max && is_name_start(name.front()) &&
           std::ranges::all_of(name, is_part);
}

/// What stands between `${` and `}`.
std::expected<std::string, std::string>
variable_value(std::string_view inside, const VariableLookup& lookup) {
    const auto separator = inside.find(":-");
    const std::string name{inside.substr(0, separator)};
    if (!is_variable_name(name)) {
        return std::unexpected{fmt::format(
            "{} is no variable name; write ${{NAME}} or ${{NAME:-default}}, and $${{ for ${{ "
            "itself",
            quoted(name))};
    }
    auto value = lookup(name);
    if (separator != std::string_view::npos && (!value || value->empty())) {
        return std::string{inside.substr(separator + 2)};
    }
    if (value) return std::move(*value);
    return std::unexpected{fmt::format(
        "the environment variable {0} is not set; set it or write ${{{0}:-default}}", name)};
}

}  // namespace

std::expected<std::string, std::string>
expand_variables(std::string_view text, const VariableLookup& lookup) {
    std::string out;
    while (true) {
        const auto begin = text.find(opening);
        const auto literal = text.substr(0, begin);
        out += literal;
        if (begin == std::string_view::npos) return out;
        text.remove_prefix(begin + opening.size());
        if (literal.ends_with('$')) {
            out += '{';  // `$${`: the second dollar and what follows is literal.
            continue;
        }
        const auto end = text.find('}');
        if (end == std::string_view::npos) {
            return std::unexpected{std::string{"\"${\" without \"}\"; write $${ for ${ itself"}};
        }
        const auto value = variable_value(text.substr(0, end), lookup);
        if (!value) return value;
        out += *value;
        text.remove_prefix(end + 1);
        if (out.size() > expanded_size_max) {
            return std::unexpected{fmt::format(
                "the string is longer than {} octets with its variables expanded",
                expanded_size_max)};
        }
    }
}

}  // namespace loom::host
