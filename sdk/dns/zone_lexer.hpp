// SPDX-License-Identifier: Apache-2.0
// Cuts master file text into tokens, entry by entry, without copying (RFC 1035 section 5.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace loom::dns {

/// One token. `text` lies in the scanned buffer, escapes still in it, quotes not.
struct ZoneToken {
    enum class Kind : std::uint8_t {
        word,
        quoted,
        end,  ///< The entry is over; every later token of it is `end` too.
        bad,  ///< Lexical error, or the buffer ends inside the entry: see `ZoneLexer::starved`.
    };

    Kind kind = Kind::end;
    bool escaped = false;  ///< There is a backslash in `text`.
    std::string_view text;

    bool is_text() const { return kind <= Kind::quoted; }
    bool is_word() const { return kind == Kind::word; }
    /// Where the token begins in the buffer, its quote included.
    const char* begin() const { return text.data() - (kind == Kind::quoted ? 1 : 0); }
};

/// Walks a buffer whose last octet is followed by a NUL. An entry is what ends at a line end
/// outside parentheses: a record, a directive, or nothing. When the buffer is only the front of a
/// longer text and ends inside an entry, the lexer is starved: the caller gets more text and lexes
/// the entry again from its start.
class ZoneLexer {
public:
    enum class Extent : std::uint8_t { partial, whole };

    /// Starts on `text` at the beginning of an entry, on the line counted by `line`.
    void reset(std::string_view text, Extent extent, std::uint32_t line) {
        next_ = entry_ = text.data();
        end_ = text.data() + text.size();
        extent_ = extent;
        line_ = entry_line_ = line;
        depth_ = 0;
        starved_ = false;
        problem_ = nullptr;
    }

    /// The next token of the entry.
    ZoneToken next() { return scan(Joining::none); }

    /// The next token, where `key="a b"` is one word, its quotes kept (RFC 9460 section 2.1).
    ZoneToken next_pair() { return scan(Joining::pairs); }

    /// Steps over the line end that ended the entry. To be called after an `end` token.
    void finish_entry();

    /// Gives the entry up after an error, and goes on behind it or, after a lexical error, behind
    /// its line.
    void skip_entry();

    /// Whether the entry begins with a space: its owner is the owner of the record before.
    bool begins_blank() const { return *entry_ == ' ' || *entry_ == '\t'; }

    /// Whether the text is used up, at the beginning of an entry.
    bool at_end() const { return next_ == end_ && extent_ == Extent::whole; }

    bool starved() const { return starved_; }

    /// What the lexical error is; null when the last token was not `bad` for one.
    const char* problem() const { return problem_; }
    const char* problem_at() const { return problem_at_; }

    /// Where the current entry begins, and what is left from there.
    const char* entry() const { return entry_; }
    std::uint32_t entry_line() const { return entry_line_; }
    std::string_view rest() const { return {entry_, static_cast<std::size_t>(end_ - entry_)}; }

private:
    enum class Joining : std::uint8_t { none, pairs };

    ZoneToken scan(Joining joining);
    ZoneToken word(const char* begin, Joining joining);
    ZoneToken quoted(const char* begin);
    bool step_over_quoted(const char*& at, bool& escaped);
    ZoneToken end_of_text(const char* at);
    ZoneToken fail(const char* at, const char* problem);
    ZoneToken starve();

    const char* next_ = nullptr;
    const char* end_ = nullptr;
    const char* entry_ = nullptr;
    const char* open_ = nullptr;  // The outermost "(" of the entry.
    const char* problem_ = nullptr;
    const char* problem_at_ = nullptr;
    std::uint32_t line_ = 1;
    std::uint32_t entry_line_ = 1;
    std::uint32_t depth_ = 0;
    Extent extent_ = Extent::whole;
    bool starved_ = false;
};

/// One octet of text with RFC 1035 section 5.1 escapes resolved: reads `c`, `\c` or `\DDD` at `at`
/// and moves it on. Returns -1 when a backslash is followed by nothing or by a bad number.
inline int next_octet(const char*& at, const char* end) {
    const auto plain = static_cast<unsigned char>(*at++);
    if (plain != '\\') return plain;
    if (at == end) return -1;
    const auto digit = [](char c) { return static_cast<unsigned>(c - '0'); };
    if (digit(*at) > 9) return static_cast<unsigned char>(*at++);
    if (end - at < 3 || digit(at[1]) > 9 || digit(at[2]) > 9) return -1;
    const unsigned value = digit(at[0]) * 100 + digit(at[1]) * 10 + digit(at[2]);
    if (value > 255) return -1;
    at += 3;
    return static_cast<int>(value);
}

/// Text from a file made fit for a message: cut when long, control characters as `\DDD`.
[[nodiscard]] std::string quote_for_message(std::string_view text);

/// How a token appears in a message: `"text"` or `the end of the record`.
[[nodiscard]] std::string describe_token(const ZoneToken& token);

}  // namespace loom::dns
