// SPDX-License-Identifier: Apache-2.0
#include "action_lexer.hpp"

#include <algorithm>
#include <charconv>

namespace loom::templates {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

class Lexer {
public:
    explicit Lexer(std::string_view text) : text_{text} {}

    std::expected<std::vector<Token>, std::string> run() {
        std::vector<Token> tokens;
        while (true) {
            const std::size_t before = at_;
            while (at_ < text_.size() && is_space(text_[at_])) ++at_;
            if (at_ == text_.size()) return tokens;
            Token token;
            token.follows_space = at_ != before || before == 0;
            if (auto problem = read(token); !problem.empty()) return std::unexpected{problem};
            tokens.push_back(std::move(token));
        }
    }

private:
    std::string read(Token& token) {
        const char c = text_[at_];
        if (c == '"') return read_quoted(token);
        if (c == '`') return read_raw(token);
        if (c == '(' || c == ')' || c == '|') {
            token.kind =
                c == '(' ? Token::Kind::open : (c == ')' ? Token::Kind::close : Token::Kind::pipe);
            ++at_;
            return {};
        }
        if (c == '$') return "variables such as $x are not known here: write the field itself";
        if (is_digit(c) || c == '-') return read_number(token);
        if (c != '.' && !is_word(c)) return "a character that has no meaning in {{ }}";
        token.kind = c == '.' ? Token::Kind::field : Token::Kind::word;
        const std::size_t begin = at_++;
        const bool has_dots = c == '.';
        while (at_ < text_.size() && (is_word(text_[at_]) || (has_dots && text_[at_] == '.')))
            ++at_;
        token.text = text_.substr(begin, at_ - begin);
        return {};
    }

    std::string read_number(Token& token) {
        token.kind = Token::Kind::number;
        std::size_t end = at_ + 1;
        while (end < text_.size() && is_word(text_[end])) ++end;
        std::string_view digits = text_.substr(at_, end - at_);
        int base = 10;
        if (digits.starts_with("0x") || digits.starts_with("0X")) {
            digits.remove_prefix(2);
            base = 16;
        }
        const char* const last = digits.data() + digits.size();
        const auto [stop, error] = std::from_chars(digits.data(), last, token.number, base);
        if (error != std::errc{} || stop != last) return "a number that cannot be read";
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

    std::string read_quoted(Token& token) {
        token.kind = Token::Kind::text;
        for (++at_; at_ < text_.size(); ++at_) {
            char c = text_[at_];
            if (c == '"') {
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
                else if (c != '"' && c != '\\')
                    return "an escape other than \\\" \\\\ \\n \\t \\r";
            }
            token.text += c;
        }
        return "a text without its \" at the end";
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

std::expected<std::vector<Token>, std::string> read_tokens(std::string_view action) {
    return Lexer{action}.run();
}

}  // namespace loom::templates
