// SPDX-License-Identifier: Apache-2.0
// Declaring and reading a plugin's options in C++.
#pragma once

#include <dnsloom/abi/options.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace loom {

using Bytes = std::span<const uint8_t>;

constexpr loom_str str(std::string_view text) { return {text.data(), text.size()}; }
inline loom_bytes bytes(Bytes octets) { return {octets.data(), octets.size()}; }
constexpr std::string_view view(loom_str text) {
    return text.size ? std::string_view{text.data, text.size} : std::string_view{};
}
inline Bytes view(loom_bytes octets) { return {octets.data, octets.size}; }

/// A declaration, built up by chaining:
///
///     static constexpr loom::OptionSpec options[] = {
///         {"path", LOOM_OPTION_PATH, "The zone file."},
///         loom::OptionSpec{"reload", LOOM_OPTION_DURATION, "How often to look."}.by_default("1m"),
///     };
struct OptionSpec : loom_option_spec {
    constexpr OptionSpec(std::string_view name_text, int32_t type_code, std::string_view help_text)
        : loom_option_spec{} {
        size = sizeof(loom_option_spec);
        name = str(name_text);
        type = type_code;
        help = str(help_text);
    }
    constexpr OptionSpec required() const { return with_flag(LOOM_OPTION_REQUIRED); }
    constexpr OptionSpec list(uint32_t most = 0) const {
        auto copy = with_flag(LOOM_OPTION_LIST);
        copy.list_max = most;
        return copy;
    }
    constexpr OptionSpec by_default(std::string_view text) const {
        auto copy = *this;
        copy.default_value = str(text);
        return copy;
    }
    constexpr OptionSpec one_of(std::string_view choices_text) const {
        auto copy = *this;
        copy.choices = str(choices_text);
        return copy;
    }
    constexpr OptionSpec between(int64_t low, int64_t high) const {
        auto copy = *this;
        copy.minimum = low;
        copy.maximum = high;
        return copy;
    }
    template <std::size_t N> constexpr OptionSpec with(const OptionSpec (&inner)[N]) const {
        auto copy = *this;
        copy.fields = inner;
        copy.field_count = N;
        return copy;
    }

private:
    constexpr OptionSpec with_flag(uint32_t flag) const {
        auto copy = *this;
        copy.flags |= flag;
        return copy;
    }
};
static_assert(sizeof(OptionSpec) == sizeof(loom_option_spec));

inline void fill_error(loom_error* error, std::string_view text) noexcept {
    if (!error) return;
    const auto n = std::min(text.size(), sizeof error->text - 1);
    std::memcpy(error->text, text.data(), n);
    error->text[n] = 0;
}

class Options;

/// One value; refers to the host's memory, valid while the plugin's constructor runs.
class Option {
public:
    Option(const loom_option* raw, const loom_options_1* service) : raw_{raw}, service_{service} {}

    int64_t integer() const { return service_->integer(raw_); }
    bool boolean() const { return service_->integer(raw_) != 0; }
    double real() const { return service_->real(raw_); }
    std::chrono::nanoseconds duration() const { return std::chrono::nanoseconds{integer()}; }
    std::string string() const { return std::string{view(service_->string(raw_))}; }
    Bytes name() const { return view(service_->name(raw_)); }
    loom_address endpoint() const {
        loom_address address{};
        service_->endpoint(raw_, &address);
        return address;
    }
    inline Options table() const;
    bool given() const { return service_->given(raw_) != 0; }

    uint32_t size() const { return service_->count(raw_); }
    Option operator[](uint32_t index) const { return {service_->at(raw_, index), service_}; }

    const loom_option* raw() const { return raw_; }
    const loom_options_1* service() const { return service_; }

private:
    const loom_option* raw_;
    const loom_options_1* service_;
};

/// The options of an instance, or the fields of a table option.
class Options {
public:
    Options(const loom_options* raw, const loom_options_1* service)
        : raw_{raw}, service_{service} {}

    /// The value or its default; nothing if there is neither.
    std::optional<Option> find(std::string_view name) const {
        const auto* option = service_->get(raw_, str(name));
        if (!option) return std::nullopt;
        return Option{option, service_};
    }
    /// The same where the declaration makes sure that there is one.
    Option operator[](std::string_view name) const {
        auto option = find(name);
        if (!option) throw std::logic_error("option " + std::string{name} + " has no value");
        return *option;
    }
    uint32_t zone_count() const { return service_->zone_count(raw_); }
    Bytes zone(uint32_t index) const { return view(service_->zone(raw_, index)); }

private:
    const loom_options* raw_;
    const loom_options_1* service_;
};

inline Options Option::table() const { return {service_->table(raw_), service_}; }

/// Thrown by a plugin's constructor or start(): refuses the configuration, at an option's place.
class ConfigError : public std::runtime_error {
public:
    explicit ConfigError(const std::string& text) : std::runtime_error{text} {}
    ConfigError(const Option& option, const std::string& text) : std::runtime_error{text} {
        loom_str file{};
        option.service()->position(option.raw(), &file, &line_, &column_);
    }
    void fill(loom_error* error) const noexcept {
        if (!error) return;
        error->line = line_;
        error->column = column_;
        fill_error(error, what());
    }

private:
    uint32_t line_ = 0;
    uint32_t column_ = 0;
};

}  // namespace loom
