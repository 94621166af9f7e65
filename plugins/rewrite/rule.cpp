// SPDX-License-Identifier: Apache-2.0
#include "rule.hpp"

#include "rule_options.hpp"

#include <dnsloom/dns/codes.hpp>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace loom::rewrite {
namespace {

constexpr std::array<std::pair<std::string_view, Field>, field_count> field_names{{
    {"name", Field::name},
    {"type", Field::type},
    {"class", Field::klass},
    {"ttl", Field::ttl},
    {"rcode", Field::rcode},
    {"cname", Field::cname},
    {"edns0", Field::edns0},
}};

// Which keys a field has besides `field` and `mode`.
bool belongs(Field field, std::string_view key) {
    const auto among = [key](std::initializer_list<std::string_view> keys) {
        return std::ranges::find(keys, key) != keys.end();
    };
    switch (field) {
    case Field::name:
        return among({"match", "from", "to", "answer", "answer_name", "answer_value"});
    case Field::type:
    case Field::klass:
        return among({"from", "to"});
    case Field::ttl:
        return among({"match", "name", "ttl", "min_ttl", "max_ttl"});
    case Field::rcode:
        return among({"match", "name", "from", "to"});
    case Field::cname:
        return among({"match", "from", "to"});
    case Field::edns0:
        return among({"option", "action", "code", "data", "v4_bits", "v6_bits"});
    }
    return false;
}

void check_keys(const Options& table, Field field, const std::string& name) {
    for (const OptionSpec& spec : rule_fields) {
        const std::string_view key = view(spec.name);
        if (key == "field" || key == "mode" || belongs(field, key)) continue;
        const auto option = table.find(key);
        if (option && option->given())
            throw ConfigError{
                *option, "a rule of field \"" + name + "\" has no \"" + std::string{key} + "\""};
    }
}

Option required(const Options& table, const Option& rule, std::string_view key) {
    const auto option = table.find(key);
    if (!option) throw ConfigError{rule, "the rule needs " + std::string{key} + " = \"...\""};
    return *option;
}

NamePattern
read_pattern(const Options& table, const Option& rule, std::string_view from_key, bool has_to) {
    const Match match = *match_from_text(table["match"].string());
    const Option from = required(table, rule, from_key);
    std::optional<std::string> to;
    if (has_to) to = required(table, rule, "to").string();
    auto made = NamePattern::make(match, from.string(), to);
    if (!made) throw ConfigError{from, made.error()};
    return std::move(*made);
}

std::vector<Expression> read_expressions(const Options& table, std::string_view key) {
    std::vector<Expression> expressions;
    const auto list = table.find(key);
    for (std::uint32_t i = 0; list && i < list->size(); ++i) {
        const Options entry = (*list)[i].table();
        auto made = Expression::compile(entry["from"].string(), entry["to"].string());
        if (!made) throw ConfigError{entry["from"], made.error()};
        expressions.push_back(std::move(*made));
    }
    return expressions;
}

AnswerRename read_answer(const Options& table, const NamePattern& pattern) {
    using Automatic = AnswerRename::Automatic;
    AnswerRename answer;
    answer.owners = read_expressions(table, "answer_name");
    answer.targets = read_expressions(table, "answer_value");
    const auto word = table.find("answer");
    // An exact rule has one name to turn back, so nobody has to ask for it.
    const bool is_automatic =
        word ? word->string() == "auto" : pattern.match() == Match::exact && answer.owners.empty();
    if (!is_automatic) return answer;
    if (!answer.owners.empty())
        throw ConfigError{
            *word, "answer = \"auto\" and answer_name exclude each other: leave one out"};
    answer.automatic = pattern.match() == Match::suffix ? Automatic::suffix : Automatic::whole_name;
    answer.from_suffix = pattern.from();
    answer.to_suffix = pattern.to();
    return answer;
}

std::uint16_t read_type(const Option& option) {
    const auto type = dns::type_from_string(option.string());
    if (!type)
        throw ConfigError{option, "\"" + option.string() + "\" is no type: write AAAA or TYPE28"};
    return *type;
}
std::uint16_t read_class(const Option& option) {
    const auto klass = dns::class_from_string(option.string());
    if (!klass)
        throw ConfigError{
            option, "\"" + option.string() + "\" is no class: write IN, CH, HS or CLASS3"};
    return *klass;
}
std::uint16_t read_rcode(const Option& option) {
    const std::string text = option.string();
    if (const auto rcode = dns::rcode_from_string(text)) return *rcode;
    throw ConfigError{option, "\"" + text + "\" is no rcode: write NXDOMAIN or RCODE3"};
}

void read_ttl(Rule& rule, const Options& table, const Option& option) {
    const auto seconds = [&](std::string_view key) -> std::optional<std::uint32_t> {
        const auto found = table.find(key);
        if (!found) return std::nullopt;
        return static_cast<std::uint32_t>(found->integer() / second_ns);
    };
    const auto exactly = seconds("ttl");
    const auto low = seconds("min_ttl");
    const auto high = seconds("max_ttl");
    if (exactly && (low || high))
        throw ConfigError{table["ttl"], "ttl excludes min_ttl and max_ttl: leave one out"};
    if (!exactly && !low && !high)
        throw ConfigError{option, "the rule needs ttl, min_ttl or max_ttl = \"DURATION\""};
    rule.ttl_low = exactly ? *exactly : low.value_or(0);
    rule.ttl_high = exactly ? *exactly : high.value_or(static_cast<std::uint32_t>(ttl_max));
    if (rule.ttl_low > rule.ttl_high)
        throw ConfigError{table["min_ttl"], "min_ttl must not be above max_ttl"};
}

Field field_of(std::string_view name) {
    return std::ranges::find(field_names, name, [](const auto& entry) { return entry.first; })
        ->second;
}

}  // namespace

Rule read_rule(const Host& host, const Option& option) {
    const Options table = option.table();
    const std::string name = table["field"].string();
    Rule rule;
    rule.field = field_of(name);
    rule.stops = table["mode"].string() == "stop";
    check_keys(table, rule.field, name);
    switch (rule.field) {
    case Field::name:
        rule.pattern = read_pattern(table, option, "from", true);
        rule.answer = read_answer(table, *rule.pattern);
        break;
    case Field::type:
        rule.from = read_type(required(table, option, "from"));
        rule.to = read_type(required(table, option, "to"));
        break;
    case Field::klass:
        rule.from = read_class(required(table, option, "from"));
        rule.to = read_class(required(table, option, "to"));
        break;
    case Field::ttl:
        rule.pattern = read_pattern(table, option, "name", false);
        read_ttl(rule, table, option);
        break;
    case Field::rcode:
        rule.pattern = read_pattern(table, option, "name", false);
        rule.from = read_rcode(required(table, option, "from"));
        rule.to = read_rcode(required(table, option, "to"));
        break;
    case Field::cname:
        rule.pattern = read_pattern(table, option, "from", true);
        rule.stops = false;
        break;
    case Field::edns0:
        rule.edns.emplace(host, table);
        break;
    }
    return rule;
}

}  // namespace loom::rewrite
