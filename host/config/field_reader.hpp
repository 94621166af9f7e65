// SPDX-License-Identifier: Apache-2.0
// The host's own keys: typed values out of table entries, with a mistake for each that is wrong.
#pragma once

#include "mistakes.hpp"
#include "scalar.hpp"
#include "value.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loom::host {

/// A string of a configuration and where it stands; lives as long as the value it is from.
struct PlacedText {
    std::string_view text;
    const Place* place;
};

/// Each function leaves `out` as it is when the entry is wrong.
class FieldReader {
public:
    /// `directory` is what relative paths start from. Both have to outlive the reader.
    FieldReader(std::string_view directory, Mistakes& mistakes)
        : directory_{directory}, mistakes_{mistakes} {}

    Mistakes& mistakes() const { return mistakes_; }

    void text(const Entry& entry, std::string& out) const;
    void boolean(const Entry& entry, bool& out) const;
    template <std::integral T>
    void integer(const Entry& entry, T& out, std::int64_t minimum, std::int64_t maximum) const {
        const auto number = integer_within(entry, minimum, maximum);
        if (number) out = static_cast<T>(*number);
    }
    void duration(
        const Entry& entry,
        std::chrono::nanoseconds& out,
        std::chrono::nanoseconds minimum,
        std::chrono::nanoseconds maximum) const;
    /// A path made absolute; an empty one is left empty.
    void path(const Entry& entry, std::string& out) const;
    void paths(const Entry& entry, std::vector<std::string>& out) const;
    /// One of a few words.
    template <class T, std::size_t N>
    void
    choice(const Entry& entry, T& out, const std::array<std::pair<std::string_view, T>, N>& choices)
        const {
        std::array<std::string_view, N> words;
        for (std::size_t i = 0; i != N; ++i) words[i] = choices[i].first;
        const auto index = choice_index(entry, words);
        if (index < N) out = choices[index].second;
    }

    /// The strings of an array, or the one string that stands for an array of one.
    std::vector<PlacedText> texts(const Entry& entry) const;

    /// Adds `"key" must be ..., not a string`.
    void wrong_kind(const Entry& entry, std::string_view wanted) const;
    void wrong(const Entry& entry, std::string_view text) const;

private:
    std::optional<std::int64_t>
    integer_within(const Entry& entry, std::int64_t minimum, std::int64_t maximum) const;
    std::size_t choice_index(const Entry& entry, std::span<const std::string_view> words) const;

    std::string_view directory_;
    Mistakes& mistakes_;
};

/// `path` made absolute, starting from `directory`, without `.` and `..`.
[[nodiscard]] std::string absolute_path(std::string_view directory, std::string_view path);

/// Adds the mistake of a key that `owner` does not have.
void unknown_key(
    Mistakes& mistakes,
    const Entry& entry,
    std::string_view owner,
    std::span<const std::string_view> known);

/// Reads each entry of a table with the field of its key; `Field` is a struct {key, read} whose
/// `read` takes the reader, the entry and `out`.
template <class Field, std::size_t N, class Out>
void read_fields(
    const FieldReader& reader,
    const Table& table,
    std::string_view owner,
    const std::array<Field, N>& fields,
    Out& out) {
    std::array<std::string_view, N> keys;
    for (std::size_t i = 0; i != N; ++i) keys[i] = fields[i].key;
    for (const Entry& entry : table.entries) {
        const auto field = std::ranges::find(fields, entry.key, &Field::key);
        if (field == fields.end()) {
            unknown_key(reader.mistakes(), entry, owner, keys);
        } else {
            field->read(reader, entry, out);
        }
    }
}

}  // namespace loom::host
