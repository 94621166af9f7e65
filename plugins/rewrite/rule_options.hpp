// SPDX-License-Identifier: Apache-2.0
// What a table of `rules` may say.
#pragma once

#include <dnsloom/options.hpp>

#include <cstdint>

namespace loom::rewrite {

inline constexpr std::int64_t second_ns = 1'000'000'000;
inline constexpr std::int64_t ttl_max = 0x7FFFFFFF;  ///< RFC 2181 section 8.

inline constexpr OptionSpec answer_fields[] = {
    OptionSpec{"from", LOOM_OPTION_STRING, "A regular expression."}.required(),
    OptionSpec{
        "to", LOOM_OPTION_STRING, "What a name that matches becomes; {1} is the first group."}
        .required()};

inline constexpr OptionSpec rule_fields[] = {
    OptionSpec{"field", LOOM_OPTION_STRING, "What the rule changes."}.required().one_of(
        "name|type|class|ttl|rcode|cname|edns0"),
    OptionSpec{"mode", LOOM_OPTION_STRING, "Whether rules behind are tried after a match."}
        .by_default("stop")
        .one_of("stop|continue"),
    OptionSpec{"match", LOOM_OPTION_STRING, "How names are compared."}.by_default("exact").one_of(
        "exact|prefix|suffix|substring|regex"),
    OptionSpec{"name", LOOM_OPTION_STRING, "Questions that a ttl or rcode rule is for."},
    OptionSpec{"from", LOOM_OPTION_STRING, "What is to be changed."},
    OptionSpec{"to", LOOM_OPTION_STRING, "What it becomes."},
    OptionSpec{"answer", LOOM_OPTION_STRING, "Whether names in the answer are turned back."}.one_of(
        "auto|none"),
    OptionSpec{"answer_name", LOOM_OPTION_TABLE, "Changes of owners in the answer."}
        .with(answer_fields)
        .list(16),
    OptionSpec{"answer_value", LOOM_OPTION_TABLE, "Changes of names in its data."}
        .with(answer_fields)
        .list(16),
    OptionSpec{"ttl", LOOM_OPTION_DURATION, "The TTL of all records."}.between(
        0, ttl_max* second_ns),
    OptionSpec{"min_ttl", LOOM_OPTION_DURATION, "Their lowest TTL."}.between(0, ttl_max* second_ns),
    OptionSpec{"max_ttl", LOOM_OPTION_DURATION, "Their highest TTL."}.between(
        0, ttl_max* second_ns),
    OptionSpec{"option", LOOM_OPTION_STRING, "Which EDNS option."}.one_of("local|nsid|subnet"),
    OptionSpec{"action", LOOM_OPTION_STRING, "What happens to it."}.by_default("set").one_of(
        "set|append|replace|unset"),
    OptionSpec{"code", LOOM_OPTION_INTEGER, "The code of a local option."}.between(1, 65535),
    OptionSpec{"data", LOOM_OPTION_STRING, "Its data: text, 0xHEX or a variable."},
    OptionSpec{"v4_bits", LOOM_OPTION_INTEGER, "Prefix of an IPv4 client."}
        .by_default("24")
        .between(0, 32),
    OptionSpec{"v6_bits", LOOM_OPTION_INTEGER, "Prefix of an IPv6 client."}
        .by_default("56")
        .between(0, 128),
};

}  // namespace loom::rewrite
