// SPDX-License-Identifier: Apache-2.0
// The options of the cache, as the host checks them.
#pragma once

#include <dnsloom/options.hpp>

#include <cstdint>

namespace loom::cache {

namespace option_bounds {
inline constexpr std::int64_t second = 1'000'000'000;
inline constexpr std::int64_t minute = 60 * second;
inline constexpr std::int64_t day = 24 * 60 * minute;
}  // namespace option_bounds

inline constexpr OptionSpec option_specs[] = {
    OptionSpec{"capacity", LOOM_OPTION_SIZE, "Memory for entries and their index, of all workers."}
        .by_default("64MiB")
        .between(1 << 20, std::int64_t{64} << 30),
    OptionSpec{
        "denial_capacity", LOOM_OPTION_SIZE, "Memory for denials; 0: they are with the others."}
        .by_default("0")
        .between(0, std::int64_t{64} << 30),
    OptionSpec{"max_ttl", LOOM_OPTION_DURATION, "Longest life of an answer."}
        .by_default("1h")
        .between(option_bounds::second, 30 * option_bounds::day),
    OptionSpec{"negative_max_ttl", LOOM_OPTION_DURATION, "Longest life of a denial."}
        .by_default("30m")
        .between(option_bounds::second, 30 * option_bounds::day),
    OptionSpec{"min_ttl", LOOM_OPTION_DURATION, "Shortest life of an answer or denial."}
        .by_default("0s")
        .between(0, option_bounds::day),
    OptionSpec{"servfail", LOOM_OPTION_DURATION, "Life of a SERVFAIL; 0: not kept."}
        .by_default("5s")
        .between(0, 5 * option_bounds::minute),
    OptionSpec{"keepttl", LOOM_OPTION_BOOLEAN, "Records keep the TTL they came with."}.by_default(
        "false"),
    OptionSpec{"disable_success", LOOM_OPTION_NAME, "Zones whose answers are not kept."}.list(1000),
    OptionSpec{"disable_denial", LOOM_OPTION_NAME, "Zones whose denials are not kept."}.list(1000),
    OptionSpec{"share", LOOM_OPTION_STRING, "A name: caches of one name and capacity are one."},
    OptionSpec{"file", LOOM_OPTION_PATH, "Where answers are between two processes."},
    OptionSpec{"prefetch", LOOM_OPTION_INTEGER, "Hits that make an entry worth renewing; 0: never."}
        .by_default("0")
        .between(0, 255),
    OptionSpec{
        "prefetch_percentage",
        LOOM_OPTION_INTEGER,
        "How much of its life is left when it is renewed."}
        .by_default("10")
        .between(10, 90),
    OptionSpec{
        "serve_stale",
        LOOM_OPTION_DURATION,
        "How long entries may be served after their end; 0: not."}
        .by_default("0s")
        .between(0, 30 * option_bounds::day),
    OptionSpec{"serve_stale_refresh", LOOM_OPTION_STRING, "Serve first or ask first."}
        .one_of("immediate|verify")
        .by_default("immediate"),
    OptionSpec{
        "serve_stale_verify_timeout", LOOM_OPTION_DURATION, "How long a client waits for new data."}
        .by_default("1800ms")
        .between(1'000'000, 30 * option_bounds::second),
    OptionSpec{"serve_stale_ttl", LOOM_OPTION_DURATION, "TTL of records after their end."}
        .by_default("30s")
        .between(0, option_bounds::day),
    OptionSpec{"serve_stale_recheck", LOOM_OPTION_DURATION, "Rest after a failed renewal."}
        .by_default("30s")
        .between(0, 5 * option_bounds::minute),
};

}  // namespace loom::cache
