// SPDX-License-Identifier: Apache-2.0
#include "field_reader.hpp"

#include "suggest.hpp"
#include "units.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace loom::host {
namespace {

bool has_zero(std::string_view text) { return text.find('\0') != std::string_view::npos; }

}  // namespace

void FieldReader::wrong(const Entry& entry, std::string_view text) const {
    mistakes_.add(entry.value.place, fmt::format("{} {}", quoted(entry.key), text));
}

void FieldReader::wrong_kind(const Entry& entry, std::string_view wanted) const {
    wrong(entry, fmt::format("must be {}, not {}", wanted, describe(entry.value)));
}

void FieldReader::text(const Entry& entry, std::string& out) const {
    const auto* text = entry.value.as<std::string>();
    if (text == nullptr) return wrong_kind(entry, "a string");
    // Such a string would mean less to the system than it shows.
    if (has_zero(*text)) return wrong(entry, "must not hold a zero octet");
    out = *text;
}

void FieldReader::boolean(const Entry& entry, bool& out) const {
    const auto flag = boolean_of(entry.value);
    if (!flag) return wrong_kind(entry, "true or false");
    out = *flag;
}

std::optional<std::int64_t>
FieldReader::integer_within(const Entry& entry, std::int64_t minimum, std::int64_t maximum) const {
    const auto number = integer_of(entry.value);
    if (!number) {
        wrong_kind(entry, fmt::format("an integer from {} to {}", minimum, maximum));
    } else if (*number < minimum || *number > maximum) {
        wrong(entry, fmt::format("must be from {} to {}, not {}", minimum, maximum, *number));
    } else {
        return number;
    }
    return std::nullopt;
}

void FieldReader::duration(
    const Entry& entry,
    std::chrono::nanoseconds& out,
    std::chrono::nanoseconds minimum,
    std::chrono::nanoseconds maximum) const {
    const auto* text = entry.value.as<std::string>();
    if (text == nullptr) return wrong_kind(entry, "a duration such as \"250ms\" or \"10s\"");
    const auto duration = parse_duration(*text);
    if (!duration) return wrong(entry, "is wrong: " + duration.error());
    if (*duration < minimum || *duration > maximum) {
        return wrong(
            entry,
            fmt::format(
                "must be from {} to {}, not {}",
                format_duration(minimum),
                format_duration(maximum),
                format_duration(*duration)));
    }
    out = *duration;
}

void FieldReader::path(const Entry& entry, std::string& out) const {
    text(entry, out);
    if (!out.empty()) out = absolute_path(directory_, out);
}

void FieldReader::paths(const Entry& entry, std::vector<std::string>& out) const {
    out.clear();
    for (const auto& [text, place] : texts(entry)) {
        if (text.empty() || has_zero(text)) {
            mistakes_.add(*place, fmt::format("{} must hold paths", quoted(entry.key)));
            continue;
        }
        out.push_back(absolute_path(directory_, text));
    }
}

std::size_t
FieldReader::choice_index(const Entry& entry, std::span<const std::string_view> words) const {
    const auto* text = entry.value.as<std::string>();
    const auto found = text ? std::ranges::find(words, *text) : words.end();
    const auto index = static_cast<std::size_t>(found - words.begin());
    if (text == nullptr) {
        wrong_kind(entry, fmt::format("one of {}", fmt::join(words, ", ")));
    } else if (index == words.size()) {
        wrong(entry, fmt::format("cannot be {}{}", quoted(*text), suggestion(*text, words)));
    }
    return index;
}

std::vector<PlacedText> FieldReader::texts(const Entry& entry) const {
    std::vector<PlacedText> found;
    const Value& value = entry.value;
    if (const auto* text = value.as<std::string>()) {
        found.push_back({*text, &value.place});
        return found;
    }
    const auto* array = value.as<Array>();
    if (array == nullptr) {
        wrong_kind(entry, "a string or an array of strings");
        return found;
    }
    found.reserve(array->size());
    for (const Value& element : *array) {
        if (const auto* text = element.as<std::string>()) {
            found.push_back({*text, &element.place});
            continue;
        }
        mistakes_.add(
            element.place,
            fmt::format("{} must hold strings, not {}", quoted(entry.key), describe(element)));
    }
    return found;
}

std::string absolute_path(std::string_view directory, std::string_view path) {
    return (std::filesystem::path{directory} / path).lexically_normal().string();
}

void unknown_key(
    Mistakes& mistakes,
    const Entry& entry,
    std::string_view owner,
    std::span<const std::string_view> known) {
    mistakes.add(
        entry.place,
        fmt::format("{} has no key {}{}", owner, quoted(entry.key), suggestion(entry.key, known)));
}

}  // namespace loom::host
