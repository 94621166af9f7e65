// SPDX-License-Identifier: Apache-2.0
#include "parser.hpp"

#include "transport.hpp"

#include <dnsloom/dns/codes.hpp>
#include <dnsloom/dns/name.hpp>
#include <dnsloom/nearest.hpp>

#include <fmt/format.h>

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

namespace loom::views {
namespace {

using Parsed = std::expected<Node, ExpressionError>;

constexpr std::int64_t memory_max = std::int64_t{1} << 20U;  // Of a regular expression.

struct FactName {
    std::string_view text;
    Operation operation;
    Type type;
};
constexpr std::array facts{
    FactName{"bufsize", Operation::bufsize, Type::integer},
    FactName{"class", Operation::klass, Type::text},
    FactName{"client_ip", Operation::client_ip, Type::text},
    FactName{"do", Operation::dnssec_ok, Type::boolean},
    FactName{"id", Operation::id, Type::integer},
    FactName{"name", Operation::name, Type::text},
    FactName{"opcode", Operation::opcode, Type::integer},
    FactName{"port", Operation::port, Type::integer},
    FactName{"proto", Operation::proto, Type::text},
    FactName{"server_ip", Operation::server_ip, Type::text},
    FactName{"server_port", Operation::server_port, Type::integer},
    FactName{"size", Operation::size, Type::integer},
    FactName{"type", Operation::type, Type::text}};

struct OperatorName {
    std::string_view text;
    Operation operation;
    Type operands;
    Type result;
};
/// Those that both sides of have any type, but the same, are not here.
constexpr std::array text_operators{
    OperatorName{"matches", Operation::matches, Type::text, Type::boolean},
    OperatorName{"contains", Operation::contains, Type::text, Type::boolean},
    OperatorName{"startsWith", Operation::starts_with, Type::text, Type::boolean},
    OperatorName{"endsWith", Operation::ends_with, Type::text, Type::boolean}};
constexpr std::array<std::pair<std::string_view, Operation>, 6> comparisons{
    {{"==", Operation::equal},
     {"!=", Operation::not_equal},
     {"<=", Operation::less_equal},
     {">=", Operation::greater_equal},
     {"<", Operation::less},
     {">", Operation::greater}}};

std::unexpected<ExpressionError> wrong(std::size_t column, std::string text) {
    return std::unexpected{ExpressionError{column, std::move(text)}};
}

std::string shown(const Token& token) {
    switch (token.kind) {
    case Token::Kind::end:
        return "the end";
    case Token::Kind::text:
        return "a text";
    case Token::Kind::number:
        return "a number";
    default:
        return "\"" + token.text + "\"";
    }
}

/// Why the literal can never be what the fact is; empty if it can.
std::string problem_of(Operation fact, const Node& literal) {
    const std::string& text = literal.text;
    switch (fact) {
    case Operation::type:
        if (!dns::type_from_string(text)) return fmt::format("\"{}\" is no type", text);
        if (dns::type_to_string(*dns::type_from_string(text)) != text)
            return fmt::format("write \"{}\"", dns::type_to_string(*dns::type_from_string(text)));
        return {};
    case Operation::klass:
        if (!dns::class_from_string(text)) return fmt::format("\"{}\" is no class", text);
        if (dns::class_to_string(*dns::class_from_string(text)) != text)
            return fmt::format("write \"{}\"", dns::class_to_string(*dns::class_from_string(text)));
        return {};
    case Operation::proto:
        if (std::ranges::find(transport_names, text) == transport_names.end())
            return fmt::format("\"{}\" is no transport:{}", text, suggest(text, transport_names));
        return {};
    case Operation::name: {
        const auto name = dns::Name::from_text(text);
        if (!text.ends_with('.') || !name)
            return fmt::format("\"{}\" is no whole name: it ends in a dot", text);
        dns::Name lower = *name;
        lower.lower();
        if (lower.to_string() != text)
            return fmt::format("name is in lower case: write \"{}\"", lower.to_string());
        return {};
    }
    case Operation::client_ip:
    case Operation::server_ip: {
        const auto address = dns::parse_address(text);
        if (!address) return address.error();
        if (dns::to_text(*address) != text)
            return fmt::format("write \"{}\"", dns::to_text(*address));
        return {};
    }
    default:
        return {};
    }
}

/// CoreDNS has ports as texts: '53' is taken for 53.
void make_number(Node& literal) {
    std::int64_t number = 0;
    const char* const end = literal.text.data() + literal.text.size();
    const auto [stop, error] = std::from_chars(literal.text.data(), end, number);
    if (error != std::errc{} || stop != end || literal.text.empty()) return;
    literal.type = Type::integer;
    literal.number = number;
}

/// Makes both of one type, or says why that is not possible.
std::expected<void, ExpressionError> match_types(Node& a, Node& b) {
    if (a.type == Type::integer && b.type == Type::text && b.is_literal()) make_number(b);
    if (b.type == Type::integer && a.type == Type::text && a.is_literal()) make_number(a);
    if (a.type != b.type)
        return wrong(
            b.column, fmt::format("{} is compared with {}", describe(a.type), describe(b.type)));
    return {};
}

std::expected<void, ExpressionError> check_literal(const Node& a, const Node& b) {
    const bool is_literal_first = a.is_literal();
    const Node& fact = is_literal_first ? b : a;
    const Node& literal = is_literal_first ? a : b;
    if (!literal.is_literal() || literal.type != Type::text) return {};
    if (auto problem = problem_of(fact.operation, literal); !problem.empty())
        return wrong(literal.column, std::move(problem));
    return {};
}

class Parser {
public:
    Parser(std::vector<Token> tokens, const MetaKey& meta_key)
        : tokens_{std::move(tokens)}, meta_key_{meta_key} {}

    Parsed run() {
        auto node = disjunction();
        if (node && token().kind != Token::Kind::end)
            return wrong(token().column, fmt::format("{} where the end should be", shown(token())));
        if (node && node->type != Type::boolean)
            return wrong(
                node->column,
                fmt::format(
                    "the expression is {}: it has to be true or false", describe(node->type)));
        return node;
    }

private:
    const Token& token() const { return tokens_[at_]; }
    bool sees(std::string_view text) const {
        const bool is_word =
            token().kind == Token::Kind::word || token().kind == Token::Kind::symbol;
        return is_word && token().text == text;
    }
    bool take(std::string_view text) {
        if (!sees(text)) return false;
        ++at_;
        return true;
    }

    static Node
    make(Operation operation, Type type, std::size_t column, std::vector<Node> children) {
        Node node;
        node.operation = operation;
        node.type = type;
        node.column = column;
        node.children = std::move(children);
        return node;
    }
    static std::vector<Node> both(Node a, Node b) {
        std::vector<Node> children;
        children.push_back(std::move(a));
        children.push_back(std::move(b));
        return children;
    }

    Parsed need(Parsed node, Type type, std::string_view whose) {
        if (node && node->type != type)
            return wrong(
                node->column,
                fmt::format(
                    "{} needs {}, and this is {}", whose, describe(type), describe(node->type)));
        return node;
    }

    /// A chain of operators of one rank, from left to right.
    template <class Next, class Find>
    Parsed chain(Type type, const Next& next, const Find& find) {
        auto node = next();
        while (node) {
            const auto operation = find();
            if (!operation) return node;
            // Each makes the tree deeper.
            if (++depth_ > expression_depth_max) return too_deep();
            const Token& sign = token();
            ++at_;
            node = need(std::move(node), type, sign.text);
            if (!node) return node;
            auto right = need(next(), type, sign.text);
            if (!right) return right;
            const std::size_t column = node->column;
            node = make(*operation, type, column, both(std::move(*node), std::move(*right)));
        }
        return node;
    }

    Parsed too_deep() const {
        return wrong(
            token().column,
            fmt::format(
                "{} operators are the most; make it several expressions", expression_depth_max));
    }

    std::optional<Operation>
    one_of(std::initializer_list<std::pair<std::string_view, Operation>> operators) const {
        for (const auto& [text, operation] : operators)
            if (sees(text)) return operation;
        return std::nullopt;
    }

    Parsed disjunction() {
        return chain(
            Type::boolean,
            [&] { return conjunction(); },
            [&] {
                return one_of({{"||", Operation::disjunction}, {"or", Operation::disjunction}});
            });
    }

    Parsed conjunction() {
        return chain(
            Type::boolean,
            [&] { return negation(); },
            [&] {
                return one_of({{"&&", Operation::conjunction}, {"and", Operation::conjunction}});
            });
    }

    /// `not` reaches over a comparison; `!` does not.
    Parsed negation() {
        const std::size_t column = token().column;
        if (!take("not")) return comparison();
        if (++depth_ > expression_depth_max) return too_deep();
        return negate(negation(), column);
    }

    Parsed negate(Parsed inner, std::size_t column) {
        auto node = need(std::move(inner), Type::boolean, "not");
        if (!node) return node;
        std::vector<Node> children;
        children.push_back(std::move(*node));
        return make(Operation::negation, Type::boolean, column, std::move(children));
    }

    Parsed comparison() {
        auto left = sum();
        if (!left) return left;
        const std::size_t column = left->column;
        for (const auto& [text, operation] : comparisons) {
            if (!take(text)) continue;
            auto right = sum();
            if (!right) return right;
            if (const auto same = match_types(*left, *right); !same)
                return std::unexpected{same.error()};
            if (const auto checked = check_literal(*left, *right); !checked)
                return std::unexpected{checked.error()};
            return make(
                operation, Type::boolean, column, both(std::move(*left), std::move(*right)));
        }
        for (const OperatorName& name : text_operators)
            if (take(name.text)) return text_operation(name, std::move(*left));
        if (take("in")) return membership(std::move(*left));
        if (sees("not") && tokens_[at_ + 1].text == "in") {
            at_ += 2;
            return negate(membership(std::move(*left)), column);
        }
        return left;
    }

    Parsed text_operation(const OperatorName& name, Node subject) {
        const std::size_t column = subject.column;
        auto left = need(std::move(subject), Type::text, name.text);
        if (!left) return left;
        auto right = need(sum(), Type::text, name.text);
        if (!right) return right;
        if (name.operation != Operation::matches)
            return make(
                name.operation, name.result, column, both(std::move(*left), std::move(*right)));
        if (!right->is_literal())
            return wrong(right->column, "the pattern of matches has to be a text: write `...`");
        RE2::Options options;
        options.set_log_errors(false);
        options.set_max_mem(memory_max);
        auto pattern = std::make_shared<const RE2>(right->text, options);
        if (!pattern->ok())
            return wrong(
                right->column,
                fmt::format("no regular expression of RE2's syntax: {}", pattern->error()));
        Node node = make(Operation::matches, Type::boolean, column, {});
        node.children.push_back(std::move(*left));
        node.pattern = std::move(pattern);
        return node;
    }

    /// `[a, b]`, or `1..9` for numbers.
    Parsed membership(Node left) {
        if (!sees("[")) return range(std::move(left));
        const std::size_t bracket = token().column;
        ++at_;
        Node node = make(Operation::among, Type::boolean, left.column, {});
        node.children.push_back(std::move(left));
        while (!take("]")) {
            if (node.children.size() > 1 && !take(","))
                return wrong(
                    token().column, fmt::format("{} where , or ] should be", shown(token())));
            auto element = sum();
            if (!element) return element;
            if (const auto same = match_types(node.children[0], *element); !same)
                return std::unexpected{same.error()};
            if (const auto checked = check_literal(node.children[0], *element); !checked)
                return std::unexpected{checked.error()};
            node.children.push_back(std::move(*element));
        }
        if (node.children.size() == 1) return wrong(bracket, "nothing is in an empty list");
        return node;
    }

    Parsed range(Node left) {
        const std::size_t column = left.column;
        auto value = need(std::move(left), Type::integer, "in a..b");
        if (token().kind != Token::Kind::number)
            return wrong(
                token().column, "in takes a list as in [\"a\", \"b\"], or a range as in 1..9");
        if (!value) return value;
        auto low = need(sum(), Type::integer, "..");
        if (!low) return low;
        if (!take("..")) return wrong(token().column, "a range is written 1..9");
        auto high = need(sum(), Type::integer, "..");
        if (!high) return high;
        Node node = make(Operation::between, Type::boolean, column, {});
        node.children.push_back(std::move(*value));
        node.children.push_back(std::move(*low));
        node.children.push_back(std::move(*high));
        return node;
    }

    Parsed sum() {
        return chain(
            Type::integer,
            [&] { return product(); },
            [&] {
                return one_of({{"+", Operation::sum}, {"-", Operation::difference}});
            });
    }

    Parsed product() {
        return chain(
            Type::integer,
            [&] { return prefix(); },
            [&] {
                return one_of(
                    {{"*", Operation::product},
                     {"/", Operation::quotient},
                     {"%", Operation::remainder}});
            });
    }

    Parsed prefix() {
        const std::size_t column = token().column;
        const bool negates = sees("!");
        if (!negates && !sees("-")) return primary();
        if (++depth_ > expression_depth_max) return too_deep();
        ++at_;
        if (negates) return negate(prefix(), column);
        auto inner = need(prefix(), Type::integer, "-");
        if (!inner) return inner;
        Node node = make(Operation::minus, Type::integer, column, {});
        node.children.push_back(std::move(*inner));
        return node;
    }

    Parsed primary() {
        const Token& first = token();
        Node node;
        node.column = first.column;
        switch (first.kind) {
        case Token::Kind::number:
            ++at_;
            node.type = Type::integer;
            node.number = first.number;
            return node;
        case Token::Kind::text:
            ++at_;
            node.type = Type::text;
            node.text = first.text;
            return node;
        case Token::Kind::word:
            ++at_;
            if (first.text == "true" || first.text == "false") {
                node.number = first.text == "true" ? 1 : 0;
                return node;
            }
            return named(first);
        case Token::Kind::symbol:
            if (first.text == "(") return parentheses();
            break;
        case Token::Kind::end:
            break;
        }
        return wrong(first.column, fmt::format("{} where a value should be", shown(first)));
    }

    Parsed parentheses() {
        if (++depth_ > expression_depth_max) return too_deep();
        ++at_;
        auto inner = disjunction();
        if (inner && !take(")"))
            return wrong(token().column, fmt::format("{} where ) should be", shown(token())));
        return inner;
    }

    Parsed named(const Token& name) {
        if (name.text == "incidr") return in_network(name);
        if (name.text == "metadata") return metadata(name);
        if (name.text == "len") return length(name);
        const auto found = std::ranges::find(facts, name.text, &FactName::text);
        if (found == facts.end()) {
            std::vector<std::string_view> known{"incidr", "metadata", "len"};
            for (const FactName& fact : facts) known.push_back(fact.text);
            return wrong(
                name.column,
                fmt::format("there is no {}:{}", name.text, suggest(name.text, known)));
        }
        if (take("(") && !take(")"))
            return wrong(token().column, fmt::format("{}() takes nothing", name.text));
        return make(found->operation, found->type, name.column, {});
    }

    std::expected<std::vector<Node>, ExpressionError>
    arguments(const Token& name, std::size_t count, std::string_view usage) {
        std::vector<Node> list;
        bool good = take("(");
        while (good && list.size() < count) {
            if (!list.empty() && !take(",")) break;
            auto node = need(sum(), Type::text, name.text);
            if (!node) return std::unexpected{node.error()};
            list.push_back(std::move(*node));
        }
        good = good && list.size() == count && take(")");
        if (!good) return wrong(name.column, fmt::format("write {}", usage));
        return list;
    }

    Parsed in_network(const Token& name) {
        auto list = arguments(name, 2, "incidr(client_ip(), '192.0.2.0/24')");
        if (!list) return std::unexpected{list.error()};
        const Node& text = (*list)[1];
        if (!text.is_literal())
            return wrong(text.column, "the network has to be a text, as in '192.0.2.0/24'");
        auto network = dns::parse_network(text.text);
        if (!network) return wrong(text.column, network.error());
        Node node = make(Operation::in_network, Type::boolean, name.column, {});
        node.children.push_back(std::move((*list)[0]));
        node.network = *network;
        return node;
    }

    Parsed metadata(const Token& name) {
        auto list = arguments(name, 1, "metadata('geoip/country/code')");
        if (!list) return std::unexpected{list.error()};
        const Node& label = (*list)[0];
        const std::uint32_t key = label.is_literal() ? meta_key_(label.text) : 0;
        if (key == 0)
            return wrong(
                label.column, "the name of a fact has to be a text, as in 'geoip/country/code'");
        Node node = make(Operation::metadata, Type::text, name.column, {});
        node.number = key;
        return node;
    }

    Parsed length(const Token& name) {
        auto list = arguments(name, 1, "len(name())");
        if (!list) return std::unexpected{list.error()};
        return make(Operation::length, Type::integer, name.column, std::move(*list));
    }

    std::vector<Token> tokens_;
    const MetaKey& meta_key_;
    std::size_t at_ = 0;
    unsigned depth_ = 0;
};

}  // namespace

std::expected<Node, ExpressionError>
parse_expression(std::string_view text, const MetaKey& meta_key) {
    if (text.size() > expression_size_max)
        return wrong(
            expression_size_max + 1,
            fmt::format("{} characters are the most", expression_size_max));
    auto tokens = read_tokens(text);
    if (!tokens) return std::unexpected{tokens.error()};
    return Parser{std::move(*tokens), meta_key}.run();
}

}  // namespace loom::views
