// SPDX-License-Identifier: Apache-2.0
// Rules of field edns0: an option of the query for the plugins behind.
#pragma once

#include <dnsloom/plugin.hpp>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace loom::rewrite {

class EdnsChange {
public:
    enum class Action : std::uint8_t { set, append, replace, unset };

    /// Throws ConfigError.
    EdnsChange(const Host& host, const Options& rule);

    /// Makes the change, if there is one; LOOM_OK also where there is not. False in `applied` if
    /// the rule did not match the query: metadata is missing, or there is nothing to replace.
    loom_status apply(Query& query, bool& applied) const;

private:
    /// A variable's or metadata's value is taken from the query.
    enum class Variable : std::uint8_t {
        qname,
        qtype,
        client_ip,
        client_port,
        protocol,
        server_ip,
        server_port
    };
    struct Metadata {
        std::uint32_t key;
    };
    struct Subnet {
        unsigned v4_bits;
        unsigned v6_bits;
    };
    using Data = std::variant<std::vector<std::uint8_t>, Variable, Metadata, Subnet>;

    Data read_data(const Host& host, const Option& option) const;
    bool value_of(const Query& query, std::vector<std::uint8_t>& out) const;
    static void add_variable(const Query& query, Variable variable, std::vector<std::uint8_t>& out);

    const loom_meta_1* meta_;
    Action action_ = Action::set;
    std::uint16_t code_ = 0;
    Data data_;
};

}  // namespace loom::rewrite
