// SPDX-License-Identifier: Apache-2.0
// Cuts master file text into tokens.
#include "zone_lexer.hpp"

#include <array>
#include <cstring>

namespace loom::dns {
namespace {

// Deep nesting has no use; the bound only keeps the count sane.
constexpr std::uint32_t depth_max = 100;
constexpr std::size_t quote_size_max = 60;

enum class CharClass : std::uint8_t {
    plain,
    backslash,
    space,
    newline,
    comment,
    quote,
    open,
    close,
    nul,
};

constexpr auto classes = [] {
    std::array<CharClass, 256> table{};
    table[' '] = table['\t'] = table['\r'] = CharClass::space;
    table['\\'] = CharClass::backslash;
    table['\n'] = CharClass::newline;
    table[';'] = CharClass::comment;
    table['"'] = CharClass::quote;
    table['('] = CharClass::open;
    table[')'] = CharClass::close;
    table[0] = CharClass::nul;
    return table;
}();

CharClass class_of(char c) { return classes[static_cast<unsigned char>(c)]; }

std::string_view between(const char* begin, const char* end) {
    return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

ZoneToken ZoneLexer::scan(Joining joining) {
    const char* at = next_;
    for (;;) {
        switch (class_of(*at)) {
        case CharClass::plain:
        case CharClass::backslash:
            return word(at, joining);
        case CharClass::space:
            ++at;
            break;
        case CharClass::quote:
            return quoted(at);
        case CharClass::newline:
            if (depth_ == 0) {
                next_ = at;
                return {ZoneToken::Kind::end, false, {at, 0}};
            }
            ++line_;
            ++at;
            break;
        case CharClass::comment: {
            const auto* newline = std::memchr(at, '\n', static_cast<std::size_t>(end_ - at));
            at = newline != nullptr ? static_cast<const char*>(newline) : end_;
            break;
        }
        case CharClass::open:
            if (depth_ == 0) open_ = at;
            if (++depth_ > depth_max) return fail(at, "parentheses are nested too deeply");
            ++at;
            break;
        case CharClass::close:
            if (depth_ == 0) return fail(at, "\")\" without a \"(\" before it");
            --depth_;
            ++at;
            break;
        case CharClass::nul:
            if (at != end_) return fail(at, "NUL octet in the text, write \\000 for it");
            return end_of_text(at);
        }
    }
}

ZoneToken ZoneLexer::word(const char* begin, Joining joining) {
    const char* at = begin;
    bool escaped = false;
    for (;;) {
        while (class_of(*at) == CharClass::plain) ++at;
        if (*at == '\\') {
            escaped = true;
            if (at + 1 == end_) {
                if (extent_ == Extent::partial) return starve();
                return fail(at, "\"\\\" with nothing after it, write \\\\ for a backslash");
            }
            if (at[1] == '\n') {
                return fail(at, "\"\\\" at the end of a line, write \\\\ for a backslash");
            }
            at += 2;
            continue;
        }
        if (joining == Joining::pairs && *at == '"' && at != begin && at[-1] == '=') {
            if (!step_over_quoted(at, escaped)) return {ZoneToken::Kind::bad, false, {}};
            continue;
        }
        break;
    }
    if (at == end_ && extent_ == Extent::partial) return starve();
    next_ = at;
    return {ZoneToken::Kind::word, escaped, between(begin, at)};
}

ZoneToken ZoneLexer::quoted(const char* begin) {
    const char* at = begin;
    bool escaped = false;
    if (!step_over_quoted(at, escaped)) return {ZoneToken::Kind::bad, false, {}};
    next_ = at;
    return {ZoneToken::Kind::quoted, escaped, between(begin + 1, at - 1)};
}

// Moves `at` from the opening quote to behind the closing one.
bool ZoneLexer::step_over_quoted(const char*& at, bool& escaped) {
    const char* begin = at++;
    for (;; ++at) {
        switch (class_of(*at)) {
        case CharClass::quote:
            ++at;
            return true;
        case CharClass::backslash:
            escaped = true;
            // An escaped line end is found again, as a line end, in the next round.
            if (at + 1 != end_ && at[1] != '\n') ++at;
            break;
        case CharClass::newline:
            fail(begin, "the quoted string is not closed on its line, add a '\"'");
            return false;
        case CharClass::nul:
            if (at != end_) {
                fail(at, "NUL octet in the text, write \\000 for it");
            } else if (extent_ == Extent::partial) {
                starve();
            } else {
                fail(begin, "the quoted string is not closed, add a '\"'");
            }
            return false;
        default:
            break;
        }
    }
}

ZoneToken ZoneLexer::end_of_text(const char* at) {
    if (extent_ == Extent::partial) return starve();
    if (depth_ != 0) return fail(open_, "\"(\" is not closed, add a \")\"");
    next_ = at;
    return {ZoneToken::Kind::end, false, {at, 0}};
}

ZoneToken ZoneLexer::fail(const char* at, const char* problem) {
    problem_ = problem;
    problem_at_ = at;
    return {ZoneToken::Kind::bad, false, {}};
}

ZoneToken ZoneLexer::starve() {
    starved_ = true;
    return {ZoneToken::Kind::bad, false, {}};
}

void ZoneLexer::finish_entry() {
    if (next_ != end_) {
        ++next_;
        ++line_;
    }
    entry_ = next_;
    entry_line_ = line_;
    depth_ = 0;
}

void ZoneLexer::skip_entry() {
    ZoneToken token;
    do {
        token = problem_ == nullptr ? next() : ZoneToken{ZoneToken::Kind::bad, false, {}};
    } while (token.is_text());
    if (starved_) return;
    if (token.kind == ZoneToken::Kind::bad) {
        // Lines are counted afresh: the lexer may have failed at a place before its last line.
        line_ = entry_line_;
        for (const char* at = entry_; at != problem_at_; ++at) line_ += *at == '\n' ? 1U : 0U;
        const auto* newline =
            std::memchr(problem_at_, '\n', static_cast<std::size_t>(end_ - problem_at_));
        if (newline == nullptr && extent_ == Extent::partial) {
            starved_ = true;
            return;
        }
        next_ = newline != nullptr ? static_cast<const char*>(newline) : end_;
    }
    problem_ = nullptr;
    finish_entry();
}

std::string quote_for_message(std::string_view text) {
    std::string out = "\"";
    for (const char c : text.substr(0, quote_size_max)) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet >= 0x20 && octet != 0x7F) {
            out += c;
            continue;
        }
        out += '\\';
        out += static_cast<char>('0' + octet / 100);
        out += static_cast<char>('0' + octet / 10 % 10);
        out += static_cast<char>('0' + octet % 10);
    }
    out += text.size() > quote_size_max ? "...\"" : "\"";
    return out;
}

std::string describe_token(const ZoneToken& token) {
    return token.is_text() ? quote_for_message(token.text) : "the end of the record";
}

}  // namespace loom::dns
