// SPDX-License-Identifier: Apache-2.0
#include "expression.hpp"

#include <fmt/format.h>

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

namespace loom::rewrite {
namespace {

// A thousandth of RE2's default would do for names; this allows thousands of alternatives.
constexpr std::int64_t memory_max = std::int64_t{1} << 20U;

// Texts of which every match has one, so that most names need not be tried. Empty if RE2 finds none.
std::vector<std::string> needed_texts(const std::string& pattern, const RE2::Options& options) {
    constexpr int size_min = 3;  // Shorter ones are in too many names.
    re2::FilteredRE2 filter{size_min};
    int id = 0;
    std::vector<std::string> atoms;
    if (filter.Add(pattern, options, &id) != RE2::NoError) return atoms;
    filter.Compile(&atoms);
    std::vector<int> without_any;
    filter.AllPotentials({}, &without_any);
    if (!without_any.empty()) atoms.clear();
    return atoms;
}

}  // namespace

Expression::Expression(std::unique_ptr<re2::RE2> pattern, Replacement replacement)
    : pattern_{std::move(pattern)},
      replacement_{std::move(replacement)},
      atoms_{needed_texts(pattern_->pattern(), pattern_->options())} {}
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

std::expected<Expression, std::string>
Expression::compile(const std::string& pattern, const std::string& replacement) {
    if (pattern.size() > size_max)
        return std::unexpected{fmt::format(
            "the expression has {} characters: {} are the most", pattern.size(), size_max)};
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(memory_max);
    auto compiled = std::make_unique<RE2>(pattern, options);
    if (!compiled->ok())
        return std::unexpected{fmt::format(
            "\"{}\" is no regular expression of RE2's syntax: {}", pattern, compiled->error())};
    const auto groups = static_cast<std::size_t>(compiled->NumberOfCapturingGroups()) + 1;
    auto parsed = Replacement::parse(replacement, std::min(groups, Replacement::groups_max));
    if (!parsed) return std::unexpected{parsed.error()};
    return Expression{std::move(compiled), std::move(*parsed)};
}

bool Expression::may_match(std::string_view name) const {
    return atoms_.empty() || std::ranges::any_of(atoms_, [&](const std::string& atom) {
               return name.find(atom) != std::string_view::npos;
           });
}

bool Expression::matches(std::string_view name) const {
    const re2::StringPiece text{name.data(), name.size()};
    return may_match(name) && pattern_->Match(text, 0, name.size(), RE2::UNANCHORED, nullptr, 0);
}

std::optional<std::string> Expression::replace(std::string_view name) const {
    if (!may_match(name)) return std::nullopt;
    std::array<re2::StringPiece, Replacement::groups_max> found;
    const int groups =
        std::min(pattern_->NumberOfCapturingGroups() + 1, static_cast<int>(found.size()));
    const re2::StringPiece text{name.data(), name.size()};
    if (!pattern_->Match(text, 0, name.size(), RE2::UNANCHORED, found.data(), groups))
        return std::nullopt;
    std::array<std::string_view, Replacement::groups_max> views;
    for (std::size_t i = 0; i < views.size(); ++i)
        if (found[i].data() != nullptr) views[i] = {found[i].data(), found[i].size()};
    std::string out;
    replacement_.append_to(out, views);
    return out;
}

std::string match_text(dns::NameView name) {
    std::string text = name.to_string();
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

std::expected<dns::Name, dns::NameErrc> absolute_name(std::string_view text) {
    if (text.empty()) return dns::Name{};
    return dns::Name::from_text(text);
}

}  // namespace loom::rewrite
