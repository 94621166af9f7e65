// SPDX-License-Identifier: Apache-2.0
// TTLs with units, and the timestamps of signatures.
#include "zone_time.hpp"

#include <chrono>
#include <limits>

namespace loom::dns {
namespace {

constexpr std::size_t timestamp_size = 14;

bool is_digit(char c) { return static_cast<unsigned>(c - '0') <= 9; }

// The value of up to 18 digits.
std::optional<std::uint64_t> digits_value(std::string_view text) {
    if (text.empty() || text.size() > 18) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) {
        if (!is_digit(c)) return std::nullopt;
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

std::uint32_t unit_seconds(char unit) {
    switch (unit | 0x20) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    case 'w':
        return 604800;
    default:
        return 0;
    }
}

}  // namespace

std::optional<std::uint32_t> parse_ttl(std::string_view text) {
    std::uint64_t sum = 0;
    std::uint64_t number = 0;
    bool has_digits = false;
    bool has_units = false;
    for (const char c : text) {
        if (is_digit(c)) {
            number = number * 10 + static_cast<std::uint64_t>(c - '0');
            if (number > ttl_max) return std::nullopt;
            has_digits = true;
            continue;
        }
        const std::uint32_t unit = unit_seconds(c);
        if (unit == 0 || !has_digits) return std::nullopt;
        sum += number * unit;
        if (sum > ttl_max) return std::nullopt;
        number = 0;
        has_digits = false;
        has_units = true;
    }
    // A number without a unit is seconds, but only on its own.
    if (has_digits == has_units) return std::nullopt;
    sum += number;
    return static_cast<std::uint32_t>(sum);
}

std::optional<std::uint32_t> parse_timestamp(std::string_view text) {
    constexpr std::uint64_t limit = std::numeric_limits<std::uint32_t>::max();
    const auto value = digits_value(text);
    if (!value) return std::nullopt;
    if (text.size() != timestamp_size) {
        if (text.size() > 10 || *value > limit) return std::nullopt;
        return static_cast<std::uint32_t>(*value);
    }

    using namespace std::chrono;
    const auto part = [&](std::size_t at, std::size_t size) {
        return static_cast<unsigned>(*digits_value(text.substr(at, size)));
    };
    const year_month_day date{
        year{static_cast<int>(part(0, 4))}, month{part(4, 2)}, day{part(6, 2)}};
    const unsigned hour = part(8, 2);
    const unsigned minute = part(10, 2);
    const unsigned second = part(12, 2);
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    const auto days = sys_days{date}.time_since_epoch().count();
    if (days < 0) return std::nullopt;
    const std::uint64_t seconds =
        static_cast<std::uint64_t>(days) * 86400U + hour * 3600U + minute * 60U + second;
    if (seconds > limit) return std::nullopt;
    return static_cast<std::uint32_t>(seconds);
}

void append_timestamp(std::uint32_t seconds, std::string& out) {
    using namespace std::chrono;
    const year_month_day date{sys_days{days{seconds / 86400}}};
    const auto put = [&](unsigned value, unsigned scale) {
        for (; scale != 0; scale /= 10) out += static_cast<char>('0' + value / scale % 10);
    };
    put(static_cast<unsigned>(static_cast<int>(date.year())), 1000);
    put(static_cast<unsigned>(date.month()), 10);
    put(static_cast<unsigned>(date.day()), 10);
    put(seconds / 3600 % 24, 10);
    put(seconds / 60 % 60, 10);
    put(seconds % 60, 10);
}

}  // namespace loom::dns
