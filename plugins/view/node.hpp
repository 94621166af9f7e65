// SPDX-License-Identifier: Apache-2.0
// An expression as a tree whose types have been checked: it can be evaluated without looking at them.
#pragma once

#include <dnsloom/dns/ip_network.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace loom::views {

enum class Type : std::uint8_t { boolean, integer, text };

constexpr std::string_view describe(Type type) {
    switch (type) {
    case Type::boolean:
        return "true or false";
    case Type::integer:
        return "a number";
    case Type::text:
        break;
    }
    return "a text";
}

enum class Operation : std::uint8_t {
    literal,
    // Facts of the query.
    bufsize,
    klass,
    client_ip,
    dnssec_ok,
    id,
    name,
    opcode,
    port,
    proto,
    server_ip,
    server_port,
    size,
    type,
    metadata,
    // Of booleans.
    negation,
    conjunction,
    disjunction,
    // Of two values of one type.
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    // Of integers.
    sum,
    difference,
    product,
    quotient,
    remainder,
    minus,
    // Of texts.
    matches,
    contains,
    starts_with,
    ends_with,
    length,
    in_network,
    // The first child, and what it is compared with.
    among,
    between
};

struct Node {
    Operation operation = Operation::literal;
    Type type = Type::boolean;
    std::size_t column = 0;   ///< Where it stands in the expression.
    std::int64_t number = 0;  ///< Of a literal; the key of a fact of other plugins.
    std::string text{};       ///< Of a literal.
    std::vector<Node> children{};
    std::shared_ptr<const re2::RE2> pattern{};  ///< Of `matches`.
    dns::IpNetwork network{};                   ///< Of `in_network`.

    bool is_literal() const { return operation == Operation::literal; }
};

}  // namespace loom::views
