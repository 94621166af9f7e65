// SPDX-License-Identifier: Apache-2.0
#include "units.hpp"

#include "error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <span>
#include <system_error>

namespace loom::host {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t factor;
};

constexpr std::array duration_units{
    Unit{"ns", 1},
    Unit{"us", 1'000},
    Unit{"ms", 1'000'000},
    Unit{"s", 1'000'000'000},
    Unit{"m", 60'000'000'000},
    Unit{"h", 3'600'000'000'000},
    Unit{"d", 86'400'000'000'000},
    Unit{"w", 604'800'000'000'000}};

constexpr std::array size_units{
    Unit{"", 1},
    Unit{"B", 1},
    Unit{"kB", 1'000},
    Unit{"MB", 1'000'000},
    Unit{"GB", 1'000'000'000},
    Unit{"TB", 1'000'000'000'000},
    Unit{"KiB", std::int64_t{1} << 10},
    Unit{"MiB", std::int64_t{1} << 20},
    Unit{"GiB", std::int64_t{1} << 30},
    Unit{"TiB", std::int64_t{1} << 40}};

enum class UnitsErrc : std::uint8_t { malformed, too_large };

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::expected<std::int64_t, UnitsErrc> take_number(std::string_view& text) {
    std::int64_t number = 0;
    if (text.empty() || !is_digit(text.front())) return std::unexpected{UnitsErrc::malformed};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::unexpected{UnitsErrc::too_large};
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

/// Takes one number and its unit from the front of `text`.
std::expected<std::int64_t, UnitsErrc>
take_quantity(std::string_view& text, std::span<const Unit> units) {
    const auto number = take_number(text);
    if (!number) return number;
    const auto name = text.substr(0, std::min(text.find_first_of("0123456789"), text.size()));
    const auto unit = std::ranges::find(units, name, &Unit::name);
    if (unit == units.end()) return std::unexpected{UnitsErrc::malformed};
    text.remove_prefix(name.size());
    std::int64_t product = 0;
    if (__builtin_mul_overflow(*number, unit->factor, &product)) {
        return std::unexpected{UnitsErrc::too_large};
    }
    return product;
}

std::expected<std::int64_t, UnitsErrc> sum_of_durations(std::string_view text) {
    if (text == "0") return 0;
    std::int64_t sum = 0;
    do {
        const auto quantity = take_quantity(text, duration_units);
        if (!quantity) return quantity;
        if (__builtin_add_overflow(sum, *quantity, &sum)) {
            return std::unexpected{UnitsErrc::too_large};
        }
    } while (!text.empty());
    return sum;
}

}  // namespace

std::expected<std::chrono::nanoseconds, std::string> parse_duration(std::string_view text) {
    const auto sum = sum_of_durations(text);
    if (sum) return std::chrono::nanoseconds{*sum};
    if (sum.error() == UnitsErrc::too_large) {
        return std::unexpected{fmt::format("{} is too long a duration", quoted(text))};
    }
    return std::unexpected{fmt::format(
        "{} is no duration: write whole numbers with the units ns, us, ms, s, m, h, d or w, such "
        "as "
        "\"250ms\" or \"1h30m\"",
        quoted(text))};
}

std::string format_duration(std::chrono::nanoseconds duration) {
    std::string text;
    auto rest = duration.count();
    if (rest <= 0) return "0";
    for (std::size_t i = duration_units.size() - 1; i-- > 0;) {
        const Unit& unit = duration_units[i];
        if (rest >= unit.factor) text += fmt::format("{}{}", rest / unit.factor, unit.name);
        rest %= unit.factor;
    }
    return text;
}

std::expected<std::int64_t, std::string> parse_size(std::string_view text) {
    auto rest = text;
    const auto octets = take_quantity(rest, size_units);
    if (octets && rest.empty()) return *octets;
    if (!octets && octets.error() == UnitsErrc::too_large) {
        return std::unexpected{fmt::format("{} is too large a size", quoted(text))};
    }
    return std::unexpected{fmt::format(
        "{} is no size: write a whole number of octets or with a unit B, kB, MB, GB, TB, KiB, MiB, "
        "GiB or TiB, such as \"64MiB\"",
        quoted(text))};
}

std::string format_size(std::int64_t octets) {
    for (std::size_t i = size_units.size(); octets > 0 && i-- > 0;) {
        const Unit& unit = size_units[i];
        if (!unit.name.ends_with("iB") || octets % unit.factor != 0) continue;
        return fmt::format("{}{}", octets / unit.factor, unit.name);
    }
    return fmt::format("{}", octets);
}

}  // namespace loom::host
