// SPDX-License-Identifier: Apache-2.0
// One rule, as its plugin's configuration says it.
#pragma once

#include "answer_rename.hpp"
#include "edns_change.hpp"
#include "name_pattern.hpp"

#include <dnsloom/plugin.hpp>

#include <cstdint>
#include <optional>

namespace loom::rewrite {

enum class Field : std::uint8_t { name, type, klass, ttl, rcode, cname, edns0 };
inline constexpr std::size_t field_count = 7;

struct Rule {
    Field field = Field::name;
    bool stops = true;  ///< No rule behind it is tried once it has matched.
    std::optional<NamePattern>
        pattern;             ///< Of name, ttl and rcode: of the question; of cname: of targets.
    std::uint16_t from = 0;  ///< Of type, class and rcode.
    std::uint16_t to = 0;
    std::uint32_t ttl_low = 0;  ///< Of ttl, in seconds.
    std::uint32_t ttl_high = 0;
    AnswerRename answer;  ///< Of name.
    std::optional<EdnsChange> edns;
};

/// Throws ConfigError.
Rule read_rule(const Host& host, const Option& option);

}  // namespace loom::rewrite
