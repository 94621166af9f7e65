// SPDX-License-Identifier: Apache-2.0
#include "term_parser.hpp"

#include <dnsloom/nearest.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace loom::templates {
namespace {

using Parsed = std::expected<Term, std::string>;

constexpr unsigned depth_max = 32;  // Of parentheses and pipes.

struct FactName {
    std::string_view text;
    Fact fact;
    Kind kind;
};
constexpr std::array fact_names{
    FactName{".Name", Fact::name, Kind::text},
    FactName{".Zone", Fact::zone, Kind::text},
    FactName{".Class", Fact::klass, Kind::text},
    FactName{".Type", Fact::type, Kind::text},
    FactName{".Remote", Fact::remote, Kind::text},
    FactName{".Question.Name", Fact::question_name, Kind::text},
    FactName{".Question.Qtype", Fact::question_type, Kind::integer},
    FactName{".Question.Qclass", Fact::question_class, Kind::integer},
    FactName{".Message.Id", Fact::message_id, Kind::integer}};
constexpr std::array<std::string_view, fact_names.size() + 3> field_texts{
    ".Name",
    ".Zone",
    ".Class",
    ".Type",
    ".Remote",
    ".Question.Name",
    ".Question.Qtype",
    ".Question.Qclass",
    ".Message.Id",
    ".Group.NAME",
    ".Match",
    ".Meta"};

struct FunctionName {
    std::string_view text;
    Function function;
};
constexpr std::array functions{
    FunctionName{"parseInt", Function::parse_int},
    FunctionName{"eq", Function::equal},
    FunctionName{"ne", Function::not_equal},
    FunctionName{"lt", Function::less},
    FunctionName{"le", Function::less_equal},
    FunctionName{"gt", Function::greater},
    FunctionName{"ge", Function::greater_equal},
    FunctionName{"and", Function::all},
    FunctionName{"or", Function::any},
    FunctionName{"not", Function::negate},
    FunctionName{"len", Function::length},
    FunctionName{"print", Function::print},
    FunctionName{"printf", Function::printf},
    FunctionName{"slice", Function::slice}};

std::unexpected<std::string> wrong(std::string text) { return std::unexpected{std::move(text)}; }

/// The result's kind, or what is wrong with the arguments.
std::expected<Kind, std::string> check(std::string_view name, Function f, std::span<const Term> a) {
    const auto are = [&](std::initializer_list<Kind> kinds) {
        return a.size() == kinds.size() &&
               std::equal(a.begin(), a.end(), kinds.begin(), [](const Term& t, Kind k) {
                   return t.kind == k;
               });
    };
    const auto alike = [&] {
        return std::ranges::all_of(a, [&](const Term& t) { return t.kind == a[0].kind; });
    };
    const auto takes = [&](std::string_view what) {
        return wrong(fmt::format("{} takes {}", name, what));
    };
    switch (f) {
    case Function::parse_int:
        if (!are({Kind::text, Kind::integer, Kind::integer}))
            return takes("a text, its base and its bits, as in parseInt .Group.a 16 8");
        return Kind::integer;
    case Function::equal:
        if (a.size() < 2 || !alike()) return takes("two or more values of one kind");
        return Kind::boolean;
    case Function::not_equal:
    case Function::less:
    case Function::less_equal:
    case Function::greater:
    case Function::greater_equal:
        if (a.size() != 2 || !alike()) return takes("two values of one kind");
        return Kind::boolean;
    case Function::all:
    case Function::any:
        if (a.empty() || !alike()) return takes("values of one kind");
        return a[0].kind;
    case Function::negate:
        if (a.size() != 1) return takes("one value");
        return Kind::boolean;
    case Function::length:
        if (!are({Kind::text})) return takes("a text");
        return Kind::integer;
    case Function::slice:
        if (!are({Kind::text}) && !are({Kind::text, Kind::integer}) &&
            !are({Kind::text, Kind::integer, Kind::integer}))
            return takes("a text and one or two places in it");
        return Kind::text;
    case Function::print:
    case Function::printf:
        break;
    }
    return Kind::text;
}

class TermParser {
public:
    TermParser(std::span<const Token> tokens, const Names& names)
        : tokens_{tokens}, names_{names} {}

    Parsed run() {
        auto term = pipeline();
        if (term && at_ != tokens_.size()) return wrong("a ) without its (");
        return term;
    }

private:
    bool at_end() const { return at_ == tokens_.size(); }
    bool sees(Token::Kind kind) const { return !at_end() && tokens_[at_].kind == kind; }

    /// Each command is the last argument of the one behind the pipe.
    Parsed pipeline() {
        if (++depth_ > depth_max) return wrong(fmt::format("{} is the deepest nesting", depth_max));
        auto term = command(std::nullopt);
        while (term && sees(Token::Kind::pipe)) {
            ++at_;
            term = command(std::move(*term));
        }
        --depth_;
        return term;
    }

    Parsed command(std::optional<Term> last) {
        if (at_end()) return wrong("a value is missing");
        const Token& first = tokens_[at_];
        if (first.kind == Token::Kind::word && first.text != "true" && first.text != "false") {
            ++at_;
            if (first.text == "index") return index(std::move(last));
            return call(first.text, std::move(last));
        }
        if (first.kind == Token::Kind::field && first.text == ".Meta") {
            ++at_;
            return meta(std::move(last));
        }
        auto term = operand();
        if (!term) return term;
        if (last) return wrong("behind a | stands a function, as in | printf \"%s\"");
        if (!at_end() && !sees(Token::Kind::pipe) && !sees(Token::Kind::close))
            return wrong("a value where a | or the end should be; functions come first");
        return term;
    }

    std::expected<std::vector<Term>, std::string> arguments(std::optional<Term> last) {
        std::vector<Term> list;
        while (!at_end() && !sees(Token::Kind::pipe) && !sees(Token::Kind::close)) {
            auto term = operand();
            if (!term) return std::unexpected{term.error()};
            list.push_back(std::move(*term));
        }
        if (last) list.push_back(std::move(*last));
        return list;
    }

    Parsed call(const std::string& name, std::optional<Term> last) {
        const auto found = std::ranges::find(functions, name, &FunctionName::text);
        if (found == functions.end()) {
            std::vector<std::string_view> known{"index", "if", "else", "end"};
            for (const FunctionName& f : functions) known.push_back(f.text);
            return wrong(fmt::format("there is no \"{}\":{}", name, suggest(name, known)));
        }
        auto list = arguments(std::move(last));
        if (!list) return std::unexpected{list.error()};
        Term term;
        term.source = Term::Source::call;
        term.function = found->function;
        if (term.function == Function::printf) {
            if (list->empty() || !is_literal_text(list->front()))
                return wrong("printf takes a text such as \"%d\" and the values for it");
            const std::string text = list->front().literal.text;
            list->erase(list->begin());
            std::vector<Kind> kinds;
            for (const Term& argument : *list) kinds.push_back(argument.kind);
            auto format = PrintfFormat::parse(text, kinds);
            if (!format) return std::unexpected{format.error()};
            term.format = std::move(*format);
        }
        const auto kind = check(name, term.function, *list);
        if (!kind) return std::unexpected{kind.error()};
        term.kind = *kind;
        term.arguments = std::move(*list);
        return term;
    }

    /// `index .Match 1` and `index .Group "a"`.
    Parsed index(std::optional<Term> last) {
        if (!sees(Token::Kind::field)) return wrong("index takes .Match or .Group first");
        const std::string of = tokens_[at_++].text;
        auto list = arguments(std::move(last));
        if (!list) return std::unexpected{list.error()};
        if (of == ".Group") {
            if (list->size() != 1 || !is_literal_text(list->front()))
                return wrong("index .Group takes the name of a group, as in index .Group \"a\"");
            return group(list->front().literal.text);
        }
        if (of != ".Match") return wrong("index takes .Match or .Group first");
        if (list->size() != 1 || list->front().kind != Kind::integer)
            return wrong("index .Match takes the number of a group, as in index .Match 1");
        return match(std::move(list->front()));
    }

    Parsed match(Term index) const {
        if (index.source == Term::Source::literal &&
            (index.literal.number < 0 ||
             static_cast<std::size_t>(index.literal.number) >= names_.match_count))
            return wrong(fmt::format(
                "there is no group {}: the expression has {}",
                index.literal.number,
                names_.match_count - 1));
        Term term;
        term.source = Term::Source::match;
        term.arguments.push_back(std::move(index));
        return term;
    }

    Parsed group(std::string_view name) const {
        const bool is_number =
            !name.empty() && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
        if (is_number && name.size() < 4) {
            Term index;
            index.kind = Kind::integer;
            index.literal = Value::of(std::int64_t{std::stoi(std::string{name})});
            return match(std::move(index));
        }
        const auto found = std::ranges::find(names_.groups, name);
        if (found == names_.groups.end()) {
            const std::vector<std::string_view> known{names_.groups.begin(), names_.groups.end()};
            return wrong(fmt::format(
                "the expression has no group \"{}\" (?P<{}>...):{}",
                name,
                name,
                suggest(name, known)));
        }
        Term term;
        term.source = Term::Source::group;
        term.number = static_cast<std::uint32_t>(found - names_.groups.begin());
        return term;
    }

    Parsed meta(std::optional<Term> last) {
        auto list = arguments(std::move(last));
        if (!list) return std::unexpected{list.error()};
        const std::uint32_t key = list->size() == 1 && is_literal_text(list->front())
                                      ? names_.meta_key(list->front().literal.text)
                                      : 0;
        if (key == 0)
            return wrong(".Meta takes the name of a fact, as in .Meta \"geoip/country/code\"");
        Term term;
        term.source = Term::Source::meta;
        term.number = key;
        return term;
    }

    Parsed operand() {
        const Token& token = tokens_[at_++];
        Term term;
        switch (token.kind) {
        case Token::Kind::text:
            term.literal = Value::of(token.text);
            return term;
        case Token::Kind::number:
            term.literal = Value::of(token.number);
            break;
        case Token::Kind::field:
            return field(token.text);
        case Token::Kind::open: {
            auto inner = pipeline();
            if (!inner) return inner;
            if (!sees(Token::Kind::close)) return wrong("a ( without its )");
            ++at_;
            return inner;
        }
        case Token::Kind::word:
            if (token.text != "true" && token.text != "false")
                return wrong(fmt::format(
                    "\"{}\" stands where a value should be: put a call in parentheses",
                    token.text));
            term.literal = Value::of(token.text == "true");
            break;
        default:
            return wrong("a value is missing");
        }
        term.kind = term.literal.kind;
        return term;
    }

    Parsed field(std::string_view name) const {
        const auto found = std::ranges::find(fact_names, name, &FactName::text);
        if (found != fact_names.end()) {
            Term term;
            term.source = Term::Source::fact;
            term.kind = found->kind;
            term.fact = found->fact;
            return term;
        }
        if (name.starts_with(".Group.")) return group(name.substr(7));
        if (name == ".Match" || name == ".Group")
            return wrong(fmt::format(
                "{} alone is no value: write {}",
                name,
                name == ".Match" ? "index .Match 1" : ".Group.NAME"));
        if (name == ".Meta") return wrong("put (.Meta \"PLUGIN/FACT\") in parentheses");
        return wrong(fmt::format("there is no {}:{}", name, suggest(name, field_texts)));
    }

    static bool is_literal_text(const Term& term) {
        return term.source == Term::Source::literal && term.kind == Kind::text;
    }

    std::span<const Token> tokens_;
    const Names& names_;
    std::size_t at_ = 0;
    unsigned depth_ = 0;
};

}  // namespace

std::expected<Term, std::string> parse_term(std::span<const Token> tokens, const Names& names) {
    return TermParser{tokens, names}.run();
}

}  // namespace loom::templates
