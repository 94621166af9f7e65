// SPDX-License-Identifier: Apache-2.0
#include "matcher.hpp"

#include <fmt/format.h>

#include <re2/re2.h>

#include <algorithm>
#include <cstdint>

namespace loom::templates {
namespace {

constexpr std::int64_t memory_max = std::int64_t{1} << 20U;  // As much as rewrite's.

}  // namespace

Matcher::Matcher() = default;
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

std::expected<void, std::string> Matcher::add(const std::string& pattern) {
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
    if (groups > Match::groups_max)
        return std::unexpected{fmt::format(
            "the expression has {} groups: {} are the most; write (?:...) for those that are not "
            "used",
            groups - 1,
            Match::groups_max - 1)};
    groups_ = std::max(groups_, groups);
    for (const auto& [name, number] : compiled->NamedCapturingGroups())
        if (std::ranges::find(names_, name) == names_.end()) names_.push_back(name);
    expressions_.push_back({std::move(compiled), {}});
    for (Expression& expression : expressions_) {
        expression.numbers.assign(names_.size(), -1);
        for (const auto& [name, number] : expression.pattern->NamedCapturingGroups())
            expression.numbers[static_cast<std::size_t>(
                std::ranges::find(names_, name) - names_.begin())] = number;
    }
    return {};
}

bool Matcher::find(std::string_view name, Match& match) const {
    if (expressions_.empty()) {
        match.texts[0] = name;
        match.count = 1;
        return true;
    }
    const re2::StringPiece text{name.data(), name.size()};
    std::array<re2::StringPiece, Match::groups_max> found;
    for (const Expression& expression : expressions_) {
        const int count = expression.pattern->NumberOfCapturingGroups() + 1;
        if (!expression.pattern->Match(text, 0, name.size(), RE2::UNANCHORED, found.data(), count))
            continue;
        match.count = static_cast<std::size_t>(count);
        for (std::size_t i = 0; i < match.count; ++i)
            match.texts[i] = found[i].data() == nullptr
                                 ? std::string_view{}
                                 : std::string_view{found[i].data(), found[i].size()};
        match.group_numbers = expression.numbers;
        return true;
    }
    return false;
}

}  // namespace loom::templates
