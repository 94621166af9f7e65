// SPDX-License-Identifier: Apache-2.0
#include "token.hpp"

#include <array>
#include <charconv>

namespace loom::views {
namespace {

constexpr std::array<std::string_view, 20> symbols{"==", "!=", "<=", ">=", "&&", "||", "<",
                                                   ">",  "!",  "(",  ")",  "[",  "]",  ",",
                                                   "+",  "-",  "*",  "/",  "%",  ".."};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

class Lexer {
public:
    explicit Lexer(std::string_view text) : text_{text} {}

    std::expected<std::vector<Token>, ExpressionError> run() {
        std::vector<Token> tokens;
        while (true) {
            while (at_ < text_.size() && is_space(text_[at_])) ++at_;
            Token token;
            token.column = at_ + 1;
            if (at_ == text_.size()) {
                tokens.push_back(std::move(token));
                return tokens;
            }
            if (auto problem = read(token); !problem.empty())
                return std::unexpected{ExpressionError{token.column, std::move(problem)}};
            tokens.push_back(std::move(token));
        }
    }

private:
    std::string read(Token& token) {
        const char c = text_[at_];
        if (c == '"' || c == '\'') return read_quoted(token, c);
        if (c == '`') return read_raw(token);
        if (is_digit(c)) return read_number(token);
        if (is_word(c)) {
            const std::size_t begin = at_;
            while (at_ < text_.size() && is_word(text_[at_])) ++at_;
            token.kind = Token::Kind::word;
            token.text = text_.substr(begin, at_ - begin);
            return {};
        }
        for (const std::string_view symbol : symbols) {
            if (!text_.substr(at_).starts_with(symbol)) continue;
            token.kind = Token::Kind::symbol;
            token.text = symbol;
            at_ += symbol.size();
            return {};
        }
        if (c == '=') return "write == to compare";
        if (c == '&' || c == '|') return std::string{"write "} + c + c;
        return "a character that has no meaning here";
    }

    std::string read_number(Token& token) {
        token.kind = Token::Kind::number;
        std::size_t end = at_;
        while (end < text_.size() && is_word(text_[end])) ++end;
        std::string_view digits = text_.substr(at_, end - at_);
        int base = 10;
        if (digits.starts_with("0x") || digits.starts_with("0X")) {
            digits.remove_prefix(2);
            base = 16;
        }
        const char* const last = digits.data() + digits.size();
        const auto [stop, error] = std::from_chars(digits.data(), last, token.number, base);
        if (error != std::errc{} || stop != last || digits.empty())
            return "a number that cannot be read";
        at_ = end;
        return {};
    }

    std::string read_raw(Token& token) {
        const std::size_t end = text_.find('`', at_ + 1);
        if (end == text_.npos) return "a text without its ` at the end";
        token.kind = Token::Kind::text;
        token.text = text_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
        return {};
    }

    std::string read_quoted(Token& token, char quote) {
        token.kind = Token::Kind::text;
        for (++at_; at_ < text_.size(); ++at_) {
            char c = text_[at_];
            if (c == quote) {
                ++at_;
                return {};
            }
            if (c == '\\' && ++at_ < text_.size()) {
                constexpr std::string_view letters = "ntr";
                constexpr std::string_view meanings = "\n\t\r";
                c = text_[at_];
                const std::size_t which = letters.find(c);
                if (which != letters.npos)
                    c = meanings[which];
                else if (c != '"' && c != '\'' && c != '\\')
                    return R"(an escape other than \\ \' \" \n \t \r; for expressions write `...`)";
            }
            token.text += c;
        }
        return std::string{"a text without its "} + quote + " at the end";
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

std::expected<std::vector<Token>, ExpressionError> read_tokens(std::string_view text) {
    return Lexer{text}.run();
}

}  // namespace loom::views
