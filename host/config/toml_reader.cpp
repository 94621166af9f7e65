// SPDX-License-Identifier: Apache-2.0
// The only file that knows the TOML library.
#include "toml_reader.hpp"

#include "toml_limits.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <tuple>

namespace loom::host {
namespace {

constexpr std::size_t description_size_max = 300;

/// Converts the library's tree. Its depth is bounded by check_limits().
class Converter {
public:
    explicit Converter(const std::shared_ptr<const std::string>& file) : file_{file} {}

    Place place(const toml::source_region& region) const {
        return {file_, region.begin.line, region.begin.column};
    }

    Table convert(const toml::table& from) const {
        Table table;
        table.entries.reserve(from.size());
        for (const auto& [key, node] : from) {
            table.entries.push_back(
                {std::string{key.str()}, place(key.source()), value(node, key.source())});
        }
        // The library sorts by key.
        std::ranges::stable_sort(table.entries, {}, [](const Entry& entry) {
            return std::tuple{entry.place.line, entry.place.column};
        });
        return table;
    }

private:
    /// `origin`: of the key or array, for nodes without a place of their own.
    Value value(const toml::node& node, const toml::source_region& origin) const {
        const auto& region = node.source().begin ? node.source() : origin;
        Value value;
        value.place = place(region);
        node.visit([&](const auto& concrete) { fill(value, concrete, region); });
        return value;
    }

    void fill(Value& value, const toml::table& table, const toml::source_region&) const {
        value.data = convert(table);
    }
    void fill(Value& value, const toml::array& from, const toml::source_region& region) const {
        Array array;
        array.reserve(from.size());
        for (const toml::node& element : from) array.push_back(this->value(element, region));
        value.data = std::move(array);
    }
    template <class T>
    void fill(Value& value, const toml::value<T>& scalar, const toml::source_region&) const {
        if constexpr (
            std::is_same_v<T, toml::date> || std::is_same_v<T, toml::time> ||
            std::is_same_v<T, toml::date_time>) {
            value.data = Date{};
        } else {
            value.data = scalar.get();
        }
    }

    const std::shared_ptr<const std::string>& file_;
};

}  // namespace

Result<Table> read_toml(std::string_view text, const std::shared_ptr<const std::string>& file) {
    if (const auto limits = check_limits(text, file); !limits) {
        return std::unexpected{limits.error()};
    }
    const Converter converter{file};
    try {
        return converter.convert(toml::parse(text));
    } catch (const toml::parse_error& error) {
        return std::unexpected{Error{fmt::format(
            "{}: {}",
            to_string(converter.place(error.source())),
            printable(error.description(), description_size_max))}};
    }
}

}  // namespace loom::host
