// SPDX-License-Identifier: Apache-2.0
// Which names a rule is for, and what it makes of them.
#pragma once

#include "expression.hpp"

#include <dnsloom/dns/name.hpp>

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace loom::rewrite {

enum class Match : std::uint8_t { exact, prefix, suffix, substring, regex };

std::optional<Match> match_from_text(std::string_view text);

/// A name in lower case, in both forms; the text is made when it is first asked for.
class Subject {
public:
    explicit Subject(dns::NameView name) : name_{name} {}
    Subject(const Subject&) = delete;
    Subject& operator=(const Subject&) = delete;

    dns::NameView name() const { return name_; }
    std::string_view text() const {
        if (text_.empty()) write_text();
        return text_;
    }

private:
    void write_text() const;

    dns::NameView name_;
    mutable std::string_view text_;
    // The text of a host's name takes no more than its wire form; others have escapes.
    mutable std::array<char, dns::name_size_max> plain_;
    mutable std::string escaped_;
};

class NamePattern {
public:
    /// The error says what to change. `to` is nothing for a rule that leaves names alone. A suffix
    /// that begins with a dot does not match itself: `.example.org` is what is below `example.org`.
    [[nodiscard]] static std::expected<NamePattern, std::string>
    make(Match match, const std::string& from, const std::optional<std::string>& to);

    Match match() const { return match_; }
    /// Of exact and suffix: what is compared, in lower case.
    const dns::Name& from() const { return from_; }
    /// The same of what takes its place.
    const dns::Name& to() const { return to_; }
    bool is_strictly_below() const { return strictly_below_; }

    bool matches(const Subject& subject) const;
    /// What a name that matches becomes; nothing if that is no name. Labels that stay keep the
    /// spelling of `spelled`, the same name as received.
    std::optional<dns::Name> rename(const Subject& subject, dns::NameView spelled) const;

private:
    Match match_ = Match::exact;
    bool strictly_below_ = false;
    dns::Name from_;
    dns::Name to_;
    std::string from_text_;  // Of prefix and substring.
    std::string to_text_;
    std::optional<Expression> expression_;
};

/// The labels of `name` in front of its last `labels` ones, and then `suffix`.
std::optional<dns::Name>
replace_suffix(dns::NameView name, std::size_t labels, dns::NameView suffix);

}  // namespace loom::rewrite
