// SPDX-License-Identifier: Apache-2.0
// The plugin's options, as the host checks them.
#pragma once

#include <dnsloom/options.hpp>

#include <cstddef>
#include <iterator>

namespace loom::forward {

inline constexpr std::size_t upstreams_max = 15;

inline constexpr int64_t millisecond_ns = 1'000'000;
inline constexpr int64_t second_ns = 1000 * millisecond_ns;
inline constexpr int64_t hour_ns = 3600 * second_ns;

inline constexpr OptionSpec option_specs[] = {
    OptionSpec{"to", LOOM_OPTION_ENDPOINT, "The upstream servers; port 53 unless given."}
        .required()
        .list(upstreams_max),
    OptionSpec{"policy", LOOM_OPTION_STRING, "How an upstream is chosen for a query."}
        .one_of("random|round_robin|sequential")
        .by_default("random"),
    OptionSpec{"force_tcp", LOOM_OPTION_BOOLEAN, "Ask upstreams over TCP only."}.by_default(
        "false"),
    OptionSpec{
        "prefer_udp",
        LOOM_OPTION_BOOLEAN,
        "Ask upstreams over UDP whatever the client used; false: over TCP if it used a stream."}
        .by_default("true"),
    OptionSpec{
        "max_fails",
        LOOM_OPTION_INTEGER,
        "Failures in a row after which an upstream is down; 0: never."}
        .by_default("2")
        .between(0, 1'000'000),
    OptionSpec{
        "health_check",
        LOOM_OPTION_DURATION,
        "Time between two probes of an upstream that is down; 0: no probes, none is ever down."}
        .by_default("500ms")
        .between(0, hour_ns),
    OptionSpec{"health_check_domain", LOOM_OPTION_NAME, "The name that probes ask for, type NS."}
        .by_default("."),
    OptionSpec{"read_timeout", LOOM_OPTION_DURATION, "The longest wait for one attempt."}
        .by_default("2s")
        .between(10 * millisecond_ns, 30 * second_ns),
    OptionSpec{"expire", LOOM_OPTION_DURATION, "How long an idle TCP connection is kept."}
        .by_default("10s")
        .between(0, hour_ns),
    OptionSpec{
        "max_concurrent",
        LOOM_OPTION_INTEGER,
        "The most queries under way at a time; what comes beyond fails. 0: no limit."}
        .by_default("0")
        .between(0, 100'000'000),
    OptionSpec{
        "except", LOOM_OPTION_NAME, "Names that are, with all below them, left to the next plugin."}
        .list(),
};

inline constexpr uint32_t option_count = static_cast<uint32_t>(std::size(option_specs));

}  // namespace loom::forward
