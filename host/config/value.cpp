// SPDX-License-Identifier: Apache-2.0
#include "value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace loom::host {
namespace {

// The length in front makes any text unambiguous without escapes.
void append_text(std::string_view text, std::string& out) {
    fmt::format_to(std::back_inserter(out), "{}:{}", text.size(), text);
}

struct CanonicalWriter {
    std::string& out;

    void operator()(const std::string& text) const {
        out += 's';
        append_text(text, out);
    }
    void operator()(std::int64_t number) const {
        fmt::format_to(std::back_inserter(out), "i{};", number);
    }
    void operator()(double number) const {
        fmt::format_to(std::back_inserter(out), "r{};", number);
    }
    void operator()(bool flag) const { out += flag ? "b1" : "b0"; }
    void operator()(const Array& array) const {
        out += '[';
        for (const Value& element : array) append_canonical(element, out);
        out += ']';
    }
    void operator()(const Table& table) const { append_canonical(table, out); }
    void operator()(const Date&) const { out += 'd'; }
};

}  // namespace

const Entry* Table::find(std::string_view key) const {
    const auto found = std::ranges::find(entries, key, &Entry::key);
    return found == entries.end() ? nullptr : &*found;
}

std::string_view describe_kind(const Value& value) {
    // In the order of Value::data.
    static constexpr std::array<std::string_view, 7> names = {
        "a string",
        "an integer",
        "a real number",
        "a truth value",
        "an array",
        "a table",
        "a date or time"};
    return names[value.data.index()];
}

void append_canonical(const Value& value, std::string& out) {
    std::visit(CanonicalWriter{out}, value.data);
}

void append_canonical(const Table& table, std::string& out) {
    std::vector<const Entry*> sorted;
    sorted.reserve(table.entries.size());
    for (const Entry& entry : table.entries) sorted.push_back(&entry);
    std::ranges::sort(
        sorted, {}, [](const Entry* entry) -> const std::string& { return entry->key; });
    out += '{';
    for (const Entry* entry : sorted) {
        append_text(entry->key, out);
        append_canonical(entry->value, out);
    }
    out += '}';
}

}  // namespace loom::host
