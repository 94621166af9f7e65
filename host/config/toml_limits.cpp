// SPDX-License-Identifier: Apache-2.0
#include "toml_limits.hpp"

#include "place.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace loom::host {
namespace {

/// Goes through a text token by token, as far as that is needed to tell strings and comments from
/// the rest.
class Scan {
public:
    explicit Scan(std::string_view text) : text_{text} {
        if (text.starts_with("\xEF\xBB\xBF")) at_ = 3;  // A byte order mark.
    }

    bool at_end() const { return at_ >= text_.size(); }
    std::size_t position() const { return at_; }

    /// The next character outside strings and comments; 0 in place of those.
    char next() {
        const char c = text_[at_];
        if (c == '#') return skip_to(text_.find('\n', at_));
        if (c == '"' || c == '\'') return skip_string(c);
        ++at_;
        return c;
    }

private:
    char skip_to(std::size_t end) {
        at_ = std::min(end, text_.size());
        return 0;
    }

    char skip_string(char quote) {
        const std::string closing(
            text_.substr(at_).starts_with(std::string(3, quote)) ? 3 : 1, quote);
        const bool multi_line = closing.size() == 3;
        for (at_ += closing.size(); !at_end(); ++at_) {
            if (text_[at_] == '\n' && !multi_line) return 0;
            if (text_[at_] == '\\' && quote == '"') {
                ++at_;
                continue;
            }
            if (!text_.substr(at_).starts_with(closing)) continue;
            at_ += closing.size();
            // Up to two quotes more belong to a string that ends with quotes.
            while (multi_line && !at_end() && text_[at_] == quote) ++at_;
            return 0;
        }
        return 0;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool begins_key(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '"' || c == '\'';
}

/// Whether a character may stand outside strings and comments; 0 stands for one of those.
bool is_plain(char c) {
    return c == 0 || c == '\t' || c == '\n' || c == '\r' || (c >= ' ' && c <= '~');
}

/// Whether `rest` begins with a date and a `T` that no time follows.
bool is_date_without_time(std::string_view rest) {
    constexpr std::string_view pattern = "0000-00-00T";
    if (rest.size() < pattern.size()) return false;
    for (std::size_t i = 0; i != pattern.size(); ++i) {
        const bool fits = pattern[i] == '0'   ? is_digit(rest[i])
                          : pattern[i] == 'T' ? rest[i] == 'T' || rest[i] == 't'
                                              : rest[i] == pattern[i];
        if (!fits) return false;
    }
    return rest.size() == pattern.size() || !is_digit(rest[pattern.size()]);
}

/// Whether a key follows the brackets that `text` begins with, or what the parser refuses itself.
bool is_header(std::string_view text) {
    for (int brackets = 0; brackets != 2 && text.starts_with('['); ++brackets) {
        text.remove_prefix(1);
        text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    }
    return text.empty() || text.front() == ']' || begins_key(text.front());
}

/// Follows brackets and keys through a text.
class Structure {
public:
    /// Takes the next character, which `rest` begins with, or 0 for a string or comment. Returns
    /// what is wrong with it; empty if nothing is.
    std::string take(char c, std::string_view rest) {
        if (c == '[' && depth_ == 0 && line_begins_ && !is_header(rest)) {
            return "a table header needs a key, such as [host] or [[server]]";
        }
        if (!is_plain(c)) return "a character such as this may stand in strings and comments only";
        if (is_digit(c) && is_date_without_time(rest))
            return "the date has a T, but no time behind it";
        line_begins_ = c == '\n' || (line_begins_ && (c == ' ' || c == '\t'));
        if (c == '.') ++dots_;
        if (std::string_view{"=,\n[]{}"}.find(c) != std::string_view::npos) dots_ = 0;
        if (dots_ >= toml_key_parts_max) {
            return fmt::format("a key has more than {} parts", toml_key_parts_max);
        }
        if (c == '[' || c == '{') return open(c);
        if (c == ']' || c == '}') return close(c);
        return {};
    }

private:
    std::string open(char c) {
        if (depth_ == toml_nesting_max) {
            return fmt::format("arrays and tables are nested more than {} deep", toml_nesting_max);
        }
        open_[depth_++] = c;
        return {};
    }

    std::string close(char c) {
        const char wanted = c == ']' ? '[' : '{';
        if (depth_ != 0 && open_[depth_ - 1] == wanted) {
            --depth_;
            return {};
        }
        return fmt::format("there is no \"{}\" that this \"{}\" closes", wanted, c);
    }

    std::array<char, toml_nesting_max> open_{};
    std::size_t depth_ = 0;
    std::size_t dots_ = 0;  ///< Since the last character that no key goes on behind.
    bool line_begins_ = true;
};

/// Where the octet `at` is.
Place place_in(
    std::string_view text, std::size_t at, const std::shared_ptr<const std::string>& file) {
    const auto before = text.substr(0, at);
    const auto line = std::ranges::count(before, '\n') + 1;
    // npos + 1 is 0: the first line.
    const auto column = at - (before.rfind('\n') + 1) + 1;
    return {file, static_cast<std::uint32_t>(line), static_cast<std::uint32_t>(column)};
}

std::unexpected<Error> refused(const Place& place, std::string_view complaint) {
    return std::unexpected{Error{fmt::format("{}: {}", to_string(place), complaint)}};
}

}  // namespace

Result<void> check_limits(std::string_view text, const std::shared_ptr<const std::string>& file) {
    if (text.size() > toml_size_max) {
        return refused(
            Place{file},
            fmt::format("is larger than {} MiB; split it with include", toml_size_max >> 20U));
    }
    Structure structure;
    for (Scan scan{text}; !scan.at_end();) {
        const auto at = scan.position();
        const auto complaint = structure.take(scan.next(), text.substr(at));
        if (!complaint.empty()) return refused(place_in(text, at, file), complaint);
    }
    return {};
}

}  // namespace loom::host
