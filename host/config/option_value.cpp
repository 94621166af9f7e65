// SPDX-License-Identifier: Apache-2.0
#include "option_value.hpp"

#include "cidr.hpp"
#include "endpoint.hpp"
#include "error.hpp"
#include "field_reader.hpp"
#include "option_specs.hpp"
#include "scalar.hpp"
#include "suggest.hpp"
#include "units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <ranges>
#include <utility>

namespace loom::host {
namespace {

using Nodes = std::expected<std::vector<OptionNode>, std::string>;
using Unexpected = std::unexpected<std::string>;

template <class T>
Nodes one(T data, std::string_view text = {}) {
    OptionNode node;
    node.data = std::move(data);
    node.text = text;
    std::vector<OptionNode> nodes;
    nodes.push_back(std::move(node));
    return nodes;
}

Unexpected wrong_kind(std::string_view wanted, const Value& value) {
    return Unexpected{fmt::format("must be {}, not {}", wanted, describe(value))};
}

Unexpected malformed(const std::string& text) { return Unexpected{"is wrong: " + text}; }

std::string format_number(std::int64_t number) { return fmt::format("{}", number); }

std::string format_nanoseconds(std::int64_t number) {
    return format_duration(std::chrono::nanoseconds{number});
}

/// The complaint about a number out of bounds; empty if it is within.
std::string bounds_complaint(
    const loom_option_spec& spec, std::int64_t number, std::string (*format)(std::int64_t)) {
    if (spec.minimum == 0 && spec.maximum == 0) return {};
    if (number >= spec.minimum && number <= spec.maximum) return {};
    if (spec.maximum == std::numeric_limits<std::int64_t>::max()) {
        return fmt::format("must be at least {}, not {}", format(spec.minimum), format(number));
    }
    return fmt::format(
        "must be from {} to {}, not {}",
        format(spec.minimum),
        format(spec.maximum),
        format(number));
}

Nodes number_within(
    const loom_option_spec& spec,
    std::int64_t number,
    std::string (*format)(std::int64_t),
    std::string_view text = {}) {
    auto complaint = bounds_complaint(spec, number, format);
    if (!complaint.empty()) return Unexpected{std::move(complaint)};
    return one(number, text);
}

Nodes read_string(const loom_option_spec& spec, const std::string& text) {
    const auto choices = choices_of(spec);
    if (!choices.empty() && std::ranges::find(choices, text) == choices.end()) {
        return Unexpected{fmt::format("cannot be {}{}", quoted(text), suggestion(text, choices))};
    }
    const auto complaint =
        bounds_complaint(spec, static_cast<std::int64_t>(text.size()), format_number);
    if (!complaint.empty()) return Unexpected{"has a length that " + complaint};
    return one(std::monostate{}, text);
}

Nodes read_size(const loom_option_spec& spec, const Value& value) {
    const auto* text = value.as<std::string>();
    if (text != nullptr) {
        const auto octets = parse_size(*text);
        if (!octets) return malformed(octets.error());
        return number_within(spec, *octets, format_size, *text);
    }
    const auto number = integer_of(value);
    if (!number) return wrong_kind("a size such as \"64MiB\" or 512", value);
    if (*number < 0) return Unexpected{std::string{"must not be negative"}};
    return number_within(spec, *number, format_size);
}

Nodes read_duration(const loom_option_spec& spec, const std::string& text) {
    const auto duration = parse_duration(text);
    if (!duration) return malformed(duration.error());
    return number_within(spec, duration->count(), format_nanoseconds, text);
}

Nodes read_names(const loom_option_spec& spec, const std::string& text) {
    const auto zones = parse_zones(text);
    if (!zones) return malformed(zones.error());
    if (zones->size() != 1 && (spec.flags & LOOM_OPTION_LIST) == 0) {
        return Unexpected{fmt::format(
            "must be one zone, but {} gives {}; end it between octets (IPv4) or nibbles (IPv6)",
            quoted(text),
            zones->size())};
    }
    std::vector<OptionNode> nodes;
    for (const dns::Name& zone : *zones) {
        OptionNode node;
        node.data = NameOctets(zone.octets().begin(), zone.octets().end());
        node.text = text;
        nodes.push_back(std::move(node));
    }
    return nodes;
}

Nodes read_path(const std::string& text, std::string_view directory) {
    if (text.empty()) return Unexpected{std::string{"must not be empty"}};
    if (text.find('\0') != std::string::npos) {
        return Unexpected{std::string{"must not hold a zero octet"}};
    }
    return one(std::monostate{}, absolute_path(directory, text));
}

Nodes read_endpoint(const std::string& text) {
    const auto address = parse_endpoint(text);
    if (!address) return malformed(address.error());
    return one(*address, text);
}

Nodes read_integer(const loom_option_spec& spec, const Value& value) {
    const auto number = integer_of(value);
    if (!number) return wrong_kind("an integer", value);
    return number_within(spec, *number, format_number);
}

Nodes read_boolean(const Value& value) {
    const auto flag = boolean_of(value);
    if (!flag) return wrong_kind("true or false", value);
    return one(std::int64_t{*flag ? 1 : 0});
}

Nodes read_real(const Value& value) {
    const auto number = real_of(value);
    if (!number) return wrong_kind("a finite number", value);
    return one(*number);
}

/// What a string of that type is; empty for types whose values are not strings.
std::string_view string_kind(std::int32_t type) {
    switch (type) {
    case LOOM_OPTION_STRING:
        return "a string";
    case LOOM_OPTION_DURATION:
        return "a duration such as \"250ms\" or \"1h30m\"";
    case LOOM_OPTION_NAME:
        return "a domain name such as \"example.org\" or a CIDR block";
    case LOOM_OPTION_PATH:
        return "a path";
    case LOOM_OPTION_ENDPOINT:
        return "an address such as \"192.0.2.1\" or \"[2001:db8::1]:53\"";
    default:
        return {};
    }
}

}  // namespace

Nodes read_option_value(
    const loom_option_spec& spec, const Value& value, std::string_view directory) {
    const auto* text = value.as<std::string>();
    const auto wanted = string_kind(spec.type);
    if (!wanted.empty() && text == nullptr) return wrong_kind(wanted, value);
    switch (spec.type) {
    case LOOM_OPTION_STRING:
        return read_string(spec, *text);
    case LOOM_OPTION_INTEGER:
        return read_integer(spec, value);
    case LOOM_OPTION_BOOLEAN:
        return read_boolean(value);
    case LOOM_OPTION_REAL:
        return read_real(value);
    case LOOM_OPTION_DURATION:
        return read_duration(spec, *text);
    case LOOM_OPTION_SIZE:
        return read_size(spec, value);
    case LOOM_OPTION_NAME:
        return read_names(spec, *text);
    case LOOM_OPTION_PATH:
        return read_path(*text, directory);
    case LOOM_OPTION_ENDPOINT:
        return read_endpoint(*text);
    default:
        return Unexpected{fmt::format(
            "is of type {}, which this host does not know; use a newer host", spec.type)};
    }
}

}  // namespace loom::host
