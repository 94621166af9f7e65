// SPDX-License-Identifier: Apache-2.0
// Configuration values with their places: TOML without the TOML library.
#pragma once

#include "place.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace loom::host {

struct Value;
struct Entry;

using Array = std::vector<Value>;

/// The entries of a table in the order in which they are written.
struct Table {
    std::vector<Entry> entries;

    const Entry* find(std::string_view key) const;
};

/// A TOML date or time; nothing here takes one.
struct Date {};

struct Value {
    std::variant<std::string, std::int64_t, double, bool, Array, Table, Date> data;
    Place place;
    /// A string that `${VAR}` was expanded in: it may stand for a number or truth value, too, as
    /// TOML has no other way to take those from the environment.
    bool expanded = false;

    template <class T>
    const T* as() const {
        return std::get_if<T>(&data);
    }
};

struct Entry {
    std::string key;
    Place place;  ///< Of the key.
    Value value;
};

/// `a string`, `an integer`, ...: what the value is, for messages.
[[nodiscard]] std::string_view describe_kind(const Value& value);

/// Appends the value in a canonical form: keys sorted, no layout. Equal text means equal values.
void append_canonical(const Value& value, std::string& out);
void append_canonical(const Table& table, std::string& out);

}  // namespace loom::host
