// SPDX-License-Identifier: Apache-2.0
#include "term.hpp"

#include <dnsloom/dns/address_text.hpp>
#include <dnsloom/dns/codes.hpp>
#include <dnsloom/options.hpp>

#include <charconv>
#include <compare>

namespace loom::templates {
namespace {

constexpr std::int64_t base_min = 2;
constexpr std::int64_t base_max = 36;
constexpr std::int64_t bits_max = 64;

std::string client_text(const loom_address& client) {
    std::string text;
    const std::span<const std::uint8_t, 16> ip{client.ip};
    if (client.family == 4)
        dns::append_ipv4(ip.last<4>(), text);
    else
        dns::append_ipv6(ip, text);
    return text;
}

std::string name_text(loom_bytes name) {
    return dns::NameView::from_trusted(view(name)).to_string();
}

Value fact_value(Fact fact, const Facts& facts) {
    const loom_query& query = *facts.query;
    switch (fact) {
    case Fact::name:
        return Value::of(std::string{facts.name});
    case Fact::zone:
        return Value::of(facts.zone.to_string());
    case Fact::klass:
        return Value::of(dns::class_to_string(query.qclass));
    case Fact::type:
        return Value::of(dns::type_to_string(query.qtype));
    case Fact::remote:
        return Value::of(client_text(*query.client));
    case Fact::question_name:
        return Value::of(name_text(query.qname));
    case Fact::question_type:
        return Value::of(std::int64_t{query.qtype});
    case Fact::question_class:
        return Value::of(std::int64_t{query.qclass});
    case Fact::message_id:
        return Value::of(std::int64_t{query.id});
    }
    return {};
}

/// Not set is the empty text, as is a group that took no part in the match.
std::optional<std::string_view> borrowed(const Term& term, const Facts& facts) {
    switch (term.source) {
    case Term::Source::group: {
        const int number = facts.group_numbers[term.number];
        return number < 0 ? std::string_view{} : facts.match[static_cast<std::size_t>(number)];
    }
    case Term::Source::match: {
        const auto index = evaluate(term.arguments[0], facts);
        if (!index || index->number < 0) return std::nullopt;
        const auto at = static_cast<std::size_t>(index->number);
        if (at >= facts.match.size()) return std::nullopt;
        return facts.match[at];
    }
    default: {
        const loom_bytes value = facts.meta->get(facts.query, term.number);
        if (value.size == 0) return std::string_view{};
        return std::string_view{reinterpret_cast<const char*>(value.data), value.size};
    }
    }
}

/// Unsigned, as Go's strconv.ParseUint, which is what CoreDNS has behind the word.
std::optional<Value> parse_int(std::string_view text, std::int64_t base, std::int64_t bits) {
    if (bits == 0) bits = bits_max;
    if (base < base_min || base > base_max || bits < 1 || bits > bits_max) return std::nullopt;
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number, static_cast<int>(base));
    if (error != std::errc{} || stop != end || number < 0) return std::nullopt;
    if (bits < bits_max && number >> bits != 0) return std::nullopt;
    return Value::of(number);
}

std::optional<Value> slice(const std::vector<Value>& values) {
    const auto size = static_cast<std::int64_t>(values[0].text.size());
    const std::int64_t from = values.size() > 1 ? values[1].number : 0;
    const std::int64_t to = values.size() > 2 ? values[2].number : size;
    if (from < 0 || from > to || to > size) return std::nullopt;
    return Value::of(
        values[0].text.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from)));
}

std::strong_ordering compare(const Value& a, const Value& b) {
    return a.kind == Kind::text ? a.text <=> b.text : a.number <=> b.number;
}

bool is_among(const Value& first, std::span<const Value> others) {
    for (const Value& other : others)
        if (compare(first, other) == 0) return true;
    return false;
}

/// Arguments behind the one that decides are not evaluated.
std::optional<Value> decide(const Term& term, const Facts& facts, bool until) {
    std::optional<Value> value;
    for (const Term& argument : term.arguments) {
        value = evaluate(argument, facts);
        if (!value || value->is_true() == until) break;
    }
    return value;
}

std::optional<Value> call(const Term& term, const Facts& facts) {
    if (term.function == Function::all) return decide(term, facts, false);
    if (term.function == Function::any) return decide(term, facts, true);
    std::vector<Value> values;
    values.reserve(term.arguments.size());
    for (const Term& argument : term.arguments) {
        auto value = evaluate(argument, facts);
        if (!value) return std::nullopt;
        values.push_back(std::move(*value));
    }
    switch (term.function) {
    case Function::parse_int:
        return parse_int(values[0].text, values[1].number, values[2].number);
    case Function::equal:
        return Value::of(is_among(values[0], std::span{values}.subspan(1)));
    case Function::not_equal:
        return Value::of(compare(values[0], values[1]) != 0);
    case Function::less:
        return Value::of(compare(values[0], values[1]) < 0);
    case Function::less_equal:
        return Value::of(compare(values[0], values[1]) <= 0);
    case Function::greater:
        return Value::of(compare(values[0], values[1]) > 0);
    case Function::greater_equal:
        return Value::of(compare(values[0], values[1]) >= 0);
    case Function::negate:
        return Value::of(!values[0].is_true());
    case Function::length:
        return Value::of(static_cast<std::int64_t>(values[0].text.size()));
    case Function::slice:
        return slice(values);
    case Function::printf: {
        Value made;
        term.format.append_to(made.text, values);
        return made;
    }
    default: {
        Value made;
        for (const Value& value : values) value.append_to(made.text);
        return made;
    }
    }
}

}  // namespace

std::optional<Value> evaluate(const Term& term, const Facts& facts) {
    switch (term.source) {
    case Term::Source::literal:
        return term.literal;
    case Term::Source::fact:
        return fact_value(term.fact, facts);
    case Term::Source::call:
        return call(term, facts);
    default: {
        const auto text = borrowed(term, facts);
        if (!text) return std::nullopt;
        return Value::of(std::string{*text});
    }
    }
}

bool append(const Term& term, const Facts& facts, std::string& out) {
    switch (term.source) {
    case Term::Source::group:
    case Term::Source::match:
    case Term::Source::meta: {
        const auto text = borrowed(term, facts);
        if (text) out += *text;
        return text.has_value();
    }
    default: {
        if (term.source == Term::Source::fact && term.fact == Fact::name) {
            out += facts.name;
            return true;
        }
        const auto value = evaluate(term, facts);
        if (value) value->append_to(out);
        return value.has_value();
    }
    }
}

}  // namespace loom::templates
