// SPDX-License-Identifier: Apache-2.0
#include "text_template.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace loom::templates {
namespace {

constexpr std::string_view spaces = " \t\r\n";

void trim_front(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(spaces), text.size()));
}

void trim_back(std::string_view& text) {
    const std::size_t last = text.find_last_not_of(spaces);
    text = text.substr(0, last == text.npos ? 0 : last + 1);
}

/// Where the action that begins behind {{ ends: at }}, but not in a text. npos: nowhere.
std::size_t end_of_action(std::string_view text) {
    if (text.starts_with("/*") || text.starts_with("- /*")) {
        const std::size_t end = text.find("*/");
        return end == text.npos ? end : text.find("}}", end);
    }
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote != 0) {
            if (c == '\\' && quote == '"')
                ++i;
            else if (c == quote)
                quote = 0;
        } else if (c == '"' || c == '`') {
            quote = c;
        } else if (text.substr(i).starts_with("}}")) {
            return i;
        }
    }
    return text.npos;
}

}  // namespace

/// Cuts the text into pieces.
class TextTemplate::Parser {
public:
    Parser(std::string_view text, const Names& names) : rest_{text}, names_{names} {}

    std::expected<TextTemplate, std::string> run() {
        if (rest_.size() > size_max)
            return std::unexpected{fmt::format(
                "the template has {} characters: {} are the most", rest_.size(), size_max)};
        std::string end;
        if (!read_pieces(made_.pieces_, end)) return std::unexpected{std::move(problem_)};
        if (!end.empty()) return std::unexpected{fmt::format("{{{{ {} }}}} without its if", end)};
        return std::move(made_);
    }

private:
    bool fail(std::string text) {
        problem_ = std::move(text);
        return false;
    }

    /// Up to the end of the text, or to an `else`, `else if` or `end`, which is left in `end`.
    bool read_pieces(std::vector<Piece>& pieces, std::string& end) {
        while (!rest_.empty()) {
            const std::size_t open = rest_.find("{{");
            std::string_view text = rest_.substr(0, open);
            const std::size_t action_at = open == rest_.npos ? rest_.size() : open + 2;
            const bool trims = rest_.substr(action_at).starts_with("- ");
            if (trims_next_) trim_front(text);
            if (trims) trim_back(text);
            trims_next_ = false;
            if (!text.empty()) {
                Piece piece;
                piece.text = text;
                pieces.push_back(std::move(piece));
            }
            rest_ = rest_.substr(action_at);
            if (open == std::string_view::npos) break;
            std::string_view action;
            if (!take_action(action)) return false;
            if (action.starts_with("/*")) continue;
            if (!read_action(action, pieces, end)) return false;
            if (!end.empty()) return true;
        }
        end.clear();
        return true;
    }

    bool take_action(std::string_view& action) {
        const std::size_t end = end_of_action(rest_);
        if (end == rest_.npos) return fail("a {{ without its }}");
        action = rest_.substr(0, end);
        rest_ = rest_.substr(end + 2);
        if (action.starts_with("- ")) action.remove_prefix(2);
        if (action.ends_with(" -")) {
            action.remove_suffix(2);
            trims_next_ = true;
        }
        trim_front(action);
        trim_back(action);
        return true;
    }

    bool read_action(std::string_view action, std::vector<Piece>& pieces, std::string& end) {
        const std::string_view word = action.substr(0, action.find_first_of(" \t\r\n("));
        if (word == "end" || word == "else") {
            end = action;
            return true;
        }
        if (word == "if") return read_choice(action.substr(2), pieces, end);
        for (const std::string_view other : {"range", "with", "define", "template", "block"})
            if (word == other)
                return fail(fmt::format("{} is not known here: there are if, else and end", other));
        Piece piece;
        piece.kind = Piece::Kind::value;
        if (!read_term(action, piece.term)) return false;
        made_.is_constant_ &= piece.term.source == Term::Source::literal;
        pieces.push_back(std::move(piece));
        return true;
    }

    bool read_choice(std::string_view condition, std::vector<Piece>& pieces, std::string& end) {
        if (++depth_ > depth_max)
            return fail(fmt::format("{} is the deepest nesting of if", depth_max));
        made_.is_constant_ = false;
        made_.has_choices_ = true;
        Piece piece;
        piece.kind = Piece::Kind::choice;
        if (!read_term(condition, piece.term) || !read_pieces(piece.if_true, end)) return false;
        if (end == "else") {
            if (!read_pieces(piece.if_false, end)) return false;
        } else if (end.starts_with("else if")) {
            const std::string next = end.substr(7);
            end.clear();
            // It takes the `end` that is for both.
            if (!read_choice(next, piece.if_false, end)) return false;
            end = "end";
        }
        if (end != "end") return fail("an if without its {{ end }}");
        end.clear();
        pieces.push_back(std::move(piece));
        --depth_;
        return true;
    }

    bool read_term(std::string_view text, Term& term) {
        const auto tokens = read_tokens(text);
        auto parsed = tokens ? parse_term(*tokens, names_)
                             : std::expected<Term, std::string>{std::unexpect, tokens.error()};
        if (!parsed) {
            trim_front(text);
            return fail(fmt::format("{{{{ {} }}}}: {}", text, parsed.error()));
        }
        term = std::move(*parsed);
        return true;
    }

    std::string_view rest_;
    const Names& names_;
    TextTemplate made_;
    std::string problem_;
    bool trims_next_ = false;
    unsigned depth_ = 0;
};

std::expected<TextTemplate, std::string>
TextTemplate::compile(std::string_view text, const Names& names) {
    return Parser{text, names}.run();
}

bool TextTemplate::expand(const std::vector<Piece>& pieces, const Facts& facts, std::string& out) {
    for (const Piece& piece : pieces) {
        // Values may be long, and there may be many.
        if (out.size() > expanded_max) return false;
        switch (piece.kind) {
        case Piece::Kind::text:
            out += piece.text;
            break;
        case Piece::Kind::value:
            if (!append(piece.term, facts, out)) return false;
            break;
        case Piece::Kind::choice: {
            const auto value = evaluate(piece.term, facts);
            if (!value) return false;
            if (!expand(value->is_true() ? piece.if_true : piece.if_false, facts, out))
                return false;
            break;
        }
        }
    }
    return true;
}

bool TextTemplate::expand(const Facts& facts, std::string& out) const {
    return expand(pieces_, facts, out);
}

std::string TextTemplate::sample(std::string_view placeholder) const {
    std::string text;
    for (const Piece& piece : pieces_) {
        if (piece.kind == Piece::Kind::text)
            text += piece.text;
        else if (piece.term.source == Term::Source::literal)
            piece.term.literal.append_to(text);
        else
            text += placeholder;
    }
    return text;
}

}  // namespace loom::templates
