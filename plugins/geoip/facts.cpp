// SPDX-License-Identifier: Apache-2.0
// From a database's entry to text.

#include "facts.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <optional>

namespace loom::geoip {
namespace {

constexpr std::array subdivision_indices{"0", "1", "2", "3", "4", "5", "6", "7"};

}  // namespace

/// Writes one value after another. A value that does not fit is left out in whole.
class Facts::Writer {
public:
    Writer(Facts& facts, const Place& place) : facts_{facts}, place_{place} {}

    using Path = std::initializer_list<const char*>;

    void text(Path path) { put(place_.text(path).value_or("")); }
    void real(Path path) {
        const auto value = place_.real(path);
        if (!value) return put("");
        std::array<char, 400> digits;
        const auto end = std::to_chars(
            digits.data(), digits.data() + digits.size(), *value, std::chars_format::fixed);
        put({digits.data(), end.ptr});
    }
    void number(Path path) {
        const auto value = place_.number(path);
        if (!value) return put("");
        std::array<char, 16> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *value);
        put({digits.data(), end.ptr});
    }
    /// Only what is true is in a database.
    void truth(Path path) { put(place_.truth(path).value_or(false) ? "true" : "false"); }
    /// The codes of all subdivisions, from the largest to the smallest, with commas.
    void subdivisions() {
        std::array<char, 128> list;
        std::size_t size = 0;
        for (const char* index : subdivision_indices) {
            const std::array path{"subdivisions", index, "iso_code"};
            const auto code = place_.text(path);
            if (!code || size + 1 + code->size() > list.size()) break;
            if (size != 0) list[size++] = ',';
            size += static_cast<std::size_t>(
                std::ranges::copy(*code, list.begin() + static_cast<std::ptrdiff_t>(size)).out -
                (list.begin() + static_cast<std::ptrdiff_t>(size)));
        }
        put({list.data(), size});
    }
    void nothing(std::size_t facts) {
        for (; facts != 0; --facts) put("");
    }

private:
    void put(std::string_view value) {
        if (value.size() > facts_.octets_.size() - size_) value = {};
        std::ranges::copy(value, facts_.octets_.data() + size_);
        size_ += value.size();
        facts_.ends_[fact_++] = static_cast<std::uint16_t>(size_);
    }

    Facts& facts_;
    const Place& place_;
    std::size_t fact_ = 0;
    std::size_t size_ = 0;
};

// In the order of fact_names.
Facts::Facts(const Database& database, const Place& place) {
    constexpr std::size_t place_facts = 11;
    Writer writer{*this, place};
    if (database.has_cities()) {
        writer.text({"city", "names", "en"});
        writer.text({"country", "iso_code"});
        writer.text({"country", "names", "en"});
        writer.truth({"country", "is_in_european_union"});
        writer.text({"continent", "code"});
        writer.text({"continent", "names", "en"});
        writer.real({"location", "latitude"});
        writer.real({"location", "longitude"});
        writer.text({"location", "time_zone"});
        writer.text({"postal", "code"});
        writer.subdivisions();
    } else {
        writer.nothing(place_facts);
    }
    if (database.has_networks()) {
        writer.number({"autonomous_system_number"});
        writer.text({"autonomous_system_organization"});
    } else {
        writer.nothing(fact_names.size() - place_facts);
    }
}

}  // namespace loom::geoip
