// SPDX-License-Identifier: Apache-2.0
// The options of a plugin under test, written as a configuration file would have them.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace loom::harness {

class Value;
struct Setting;

/// An array: `List{"9.9.9.9", "1.1.1.1"}`.
using List = std::vector<Value>;
/// A table, and the options of a plugin: `Table{{"ttl", "30s"}, {"capacity", 1000}}`.
using Table = std::vector<Setting>;

/// One TOML value. Durations, sizes, names, paths and endpoints are strings, as in the file.
class Value {
public:
    Value(const char* text);
    Value(std::string_view text);
    Value(std::string text);
    Value(bool value);
    Value(double value);
    template <std::integral T>
        requires(!std::same_as<T, bool>)
    Value(T value);
    Value(List list);
    Value(Table table);

    template <class T> const T* as() const { return std::get_if<T>(&data_); }

private:
    std::variant<std::string, std::int64_t, double, bool, List, Table> data_;
};

/// `key = value`.
struct Setting {
    std::string key;
    Value value;
};

// Here, where Setting is complete: the variant needs it to be, and clang insists.
inline Value::Value(const char* text) : data_{std::string{text}} {}
inline Value::Value(std::string_view text) : data_{std::string{text}} {}
inline Value::Value(std::string text) : data_{std::move(text)} {}
inline Value::Value(bool value) : data_{value} {}
inline Value::Value(double value) : data_{value} {}
template <std::integral T>
    requires(!std::same_as<T, bool>)
Value::Value(T value) : data_{static_cast<std::int64_t>(value)} {}
inline Value::Value(List list) : data_{std::move(list)} {}
inline Value::Value(Table table) : data_{std::move(table)} {}

}  // namespace loom::harness
