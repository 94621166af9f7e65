// SPDX-License-Identifier: Apache-2.0
#include "scalar.hpp"

#include "error.hpp"

#include <charconv>
#include <cmath>
#include <system_error>

namespace loom::host {
namespace {

const std::string* expanded_text(const Value& value) {
    return value.expanded ? value.as<std::string>() : nullptr;
}

template <class T>
std::optional<T> whole_text_number(const std::string* text) {
    if (text == nullptr) return std::nullopt;
    T number{};
    const auto* end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, number);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return number;
}

}  // namespace

std::optional<std::int64_t> integer_of(const Value& value) {
    if (const auto* number = value.as<std::int64_t>()) return *number;
    return whole_text_number<std::int64_t>(expanded_text(value));
}

std::optional<double> real_of(const Value& value) {
    if (const auto* number = value.as<std::int64_t>()) return static_cast<double>(*number);
    const auto* real = value.as<double>();
    const auto number =
        real ? std::optional{*real} : whole_text_number<double>(expanded_text(value));
    return number && std::isfinite(*number) ? number : std::nullopt;
}

std::optional<bool> boolean_of(const Value& value) {
    if (const auto* flag = value.as<bool>()) return *flag;
    const auto* text = expanded_text(value);
    if (text == nullptr || (*text != "true" && *text != "false")) return std::nullopt;
    return *text == "true";
}

std::string describe(const Value& value) {
    const auto* text = expanded_text(value);
    return text ? quoted(*text) : std::string{describe_kind(value)};
}

}  // namespace loom::host
