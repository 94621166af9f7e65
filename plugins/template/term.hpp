// SPDX-License-Identifier: Apache-2.0
// A value in a template, and how it is made for a query. Compiled and checked by TermParser.
#pragma once

#include "printf_format.hpp"
#include "value.hpp"

#include <dnsloom/abi/query.h>
#include <dnsloom/abi/service/meta.h>
#include <dnsloom/dns/name.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loom::templates {

/// What a template can see of a query; borrowed.
struct Facts {
    const loom_query* query = nullptr;
    const loom_meta_1* meta = nullptr;
    std::string_view name;  ///< In lower case, with its final dot.
    dns::NameView zone;
    std::span<const std::string_view> match;  ///< [0] is what the whole expression matched.
    std::span<const int> group_numbers;       ///< In `match`, by slot of the name; -1: none.
};

enum class Fact : std::uint8_t {
    name,
    zone,
    klass,
    type,
    remote,
    question_name,
    question_type,
    question_class,
    message_id
};

enum class Function : std::uint8_t {
    parse_int,
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    all,
    any,
    negate,
    length,
    print,
    printf,
    slice
};

struct Term {
    enum class Source : std::uint8_t { literal, fact, group, match, meta, call };

    Source source = Source::literal;
    Kind kind = Kind::text;
    Value literal{};
    Fact fact = Fact::name;
    std::uint32_t number = 0;  ///< Slot of a group, key of a fact of other plugins.
    Function function = Function::print;
    PrintfFormat format{};
    std::vector<Term> arguments{};  ///< Of a call; of `match` its index.
};

/// Nothing where a function has no value for its arguments, or the match has no such group.
[[nodiscard]] std::optional<Value> evaluate(const Term& term, const Facts& facts);

/// Appends the value; false where there is none.
[[nodiscard]] bool append(const Term& term, const Facts& facts, std::string& out);

}  // namespace loom::templates
