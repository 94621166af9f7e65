// SPDX-License-Identifier: Apache-2.0
#include "name_pattern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace loom::rewrite {
namespace {

constexpr std::array<std::pair<std::string_view, Match>, 5> match_names{{
    {"exact", Match::exact},
    {"prefix", Match::prefix},
    {"suffix", Match::suffix},
    {"substring", Match::substring},
    {"regex", Match::regex},
}};

std::expected<dns::Name, std::string> read_name(std::string_view text) {
    auto name = absolute_name(text);
    if (!name) return std::unexpected{fmt::format("\"{}\" is no domain name", text)};
    name->lower();
    return *name;
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

std::string_view without_leading_dot(std::string_view text) {
    return text.size() > 1 && text.starts_with('.') ? text.substr(1) : text;
}

bool is_plain(std::uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

void Subject::write_text() const {
    char* out = plain_.data();
    for (const auto label : name_) {
        for (const std::uint8_t c : label) {
            if (!is_plain(c)) {
                escaped_ = match_text(name_);
                text_ = escaped_;
                return;
            }
            *out++ = static_cast<char>(c);
        }
        *out++ = '.';
    }
    if (out == plain_.data()) *out++ = '.';
    text_ = {plain_.data(), out};
}

std::optional<Match> match_from_text(std::string_view text) {
    const auto* found =
        std::ranges::find(match_names, text, [](const auto& entry) { return entry.first; });
    return found == match_names.end() ? std::nullopt : std::optional{found->second};
}

std::optional<dns::Name>
replace_suffix(dns::NameView name, std::size_t labels, dns::NameView suffix) {
    std::size_t front = name.label_count() - labels;
    std::array<std::uint8_t, dns::name_size_max> octets;
    std::size_t size = 0;
    for (auto label = name.begin(); front != 0; ++label, --front) {
        const auto text = *label;
        if (size + 1 + text.size() + suffix.size() > octets.size()) return std::nullopt;
        octets[size] = static_cast<std::uint8_t>(text.size());
        std::ranges::copy(text, octets.begin() + static_cast<std::ptrdiff_t>(size + 1));
        size += 1 + text.size();
    }
    if (size + suffix.size() > octets.size()) return std::nullopt;
    std::ranges::copy(suffix.octets(), octets.begin() + static_cast<std::ptrdiff_t>(size));
    return dns::Name{dns::NameView::from_trusted(std::span{octets}.first(size + suffix.size()))};
}

std::expected<NamePattern, std::string>
NamePattern::make(Match match, const std::string& from, const std::optional<std::string>& to) {
    NamePattern made;
    made.match_ = match;
    if (match == Match::regex) {
        auto compiled = Expression::compile(from, to.value_or(""));
        if (!compiled) return std::unexpected{compiled.error()};
        made.expression_ = std::move(*compiled);
        return made;
    }
    if (from.empty()) return std::unexpected{std::string{"it is empty: name what to look for"}};
    if (match == Match::prefix || match == Match::substring) {
        made.from_text_ = lower(from);
        made.to_text_ = lower(to.value_or(""));
        return made;
    }
    const bool is_suffix = match == Match::suffix;
    made.strictly_below_ = is_suffix && from.size() > 1 && from.starts_with('.');
    auto name = read_name(is_suffix ? without_leading_dot(from) : std::string_view{from});
    if (!name) return std::unexpected{name.error()};
    made.from_ = *name;
    if (!to) return made;
    auto target = read_name(is_suffix ? without_leading_dot(*to) : std::string_view{*to});
    if (!target) return std::unexpected{target.error()};
    made.to_ = *target;
    return made;
}

bool NamePattern::matches(const Subject& subject) const {
    switch (match_) {
    case Match::exact:
        return subject.name().equals(from_);
    case Match::suffix:
        return subject.name().is_subdomain_of(from_) &&
               !(strictly_below_ && subject.name().equals(from_));
    case Match::prefix:
        return subject.text().starts_with(from_text_);
    case Match::substring:
        return subject.text().find(from_text_) != std::string_view::npos;
    case Match::regex:
        return expression_->matches(subject.text());
    }
    return false;
}

std::optional<dns::Name> NamePattern::rename(const Subject& subject, dns::NameView spelled) const {
    if (match_ == Match::exact) return to_;
    if (match_ == Match::suffix) return replace_suffix(spelled, from_.label_count(), to_);
    std::string text;
    if (match_ == Match::regex) {
        text = expression_->replace(subject.text()).value_or("");
    } else {
        text = subject.text();
        text.replace(text.find(from_text_), from_text_.size(), to_text_);
    }
    const auto name = absolute_name(text);
    if (text.empty() || !name) return std::nullopt;
    return *name;
}

}  // namespace loom::rewrite
