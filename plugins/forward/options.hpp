// SPDX-License-Identifier: Apache-2.0
// The plugin's options, as the host checks them.
#pragma once

#include "upstream_chooser.hpp"

#include <dnsloom/options.hpp>

#include <iterator>

namespace loom::forward {

inline constexpr int64_t millisecond_ns = 1'000'000;
inline constexpr int64_t second_ns = 1000 * millisecond_ns;
inline constexpr int64_t hour_ns = 3600 * second_ns;

inline constexpr uint32_t to_max = 15;

inline constexpr OptionSpec option_specs[] = {
    OptionSpec{
        "to", LOOM_OPTION_STRING, "The upstream servers, as addresses, URLs or a resolv.conf."}
        .required()
        .list(to_max),
    OptionSpec{"bootstrap", LOOM_OPTION_ENDPOINT, "The servers where names in `to` are looked up."}
        .list(to_max),
    OptionSpec{"policy", LOOM_OPTION_STRING, "How an upstream is chosen for a query."}
        .one_of("random|round_robin|sequential|least_latency")
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
    OptionSpec{
        "health_check_no_rec", LOOM_OPTION_BOOLEAN, "Send probes without RD, to servers for zones."}
        .by_default("false"),
    OptionSpec{
        "max_connect_attempts",
        LOOM_OPTION_INTEGER,
        "The most attempts for one query; 0: two for each upstream."}
        .by_default("0")
        .between(0, 100),
    OptionSpec{"read_timeout", LOOM_OPTION_DURATION, "The longest wait for one attempt."}
        .by_default("2s")
        .between(10 * millisecond_ns, 30 * second_ns),
    OptionSpec{"expire", LOOM_OPTION_DURATION, "How long an idle TCP connection is kept."}
        .by_default("10s")
        .between(0, hour_ns),
    OptionSpec{
        "max_age",
        LOOM_OPTION_DURATION,
        "How long a TCP connection is used before another takes its place; 0: for ever."}
        .by_default("0")
        .between(0, 24 * hour_ns),
    OptionSpec{
        "tls_servername",
        LOOM_OPTION_STRING,
        "What certificates of upstreams must name; without it, their address or #name."},
    OptionSpec{
        "tls_ca",
        LOOM_OPTION_PATH,
        "Certificate authorities to trust, in PEM; without it, the system's."},
    OptionSpec{"tls_cert", LOOM_OPTION_PATH, "The certificate to show to upstreams, in PEM."},
    OptionSpec{"tls_key", LOOM_OPTION_PATH, "The private key of tls_cert, in PEM."},
    OptionSpec{
        "max_concurrent",
        LOOM_OPTION_INTEGER,
        "The most queries under way at a time; what comes beyond fails. 0: no limit."}
        .by_default("0")
        .between(0, 100'000'000),
    OptionSpec{
        "failfast_all_unhealthy_upstreams",
        LOOM_OPTION_BOOLEAN,
        "When all upstreams are down, fail at once; false: ask one of them."}
        .by_default("true"),
    OptionSpec{
        "failover",
        LOOM_OPTION_STRING,
        "RCODEs of replies after which the next upstream is asked, such as SERVFAIL."}
        .list(),
    OptionSpec{
        "hedge",
        LOOM_OPTION_INTEGER,
        "Of 100 queries so many may be asked of a second upstream when the first is slow; 0: none."}
        .by_default("0")
        .between(0, 100),
    OptionSpec{
        "ecs",
        LOOM_OPTION_STRING,
        "The client subnet: strip the client's, pass it on, or also add one if it sent none."}
        .one_of("strip|pass|add")
        .by_default("strip"),
    OptionSpec{
        "source_address",
        LOOM_OPTION_ENDPOINT,
        "The address of this machine to ask from; one for IPv4 and one for IPv6 at most."}
        .list(2),
    OptionSpec{"ecs_prefix4", LOOM_OPTION_INTEGER, "The most bits sent of a client's IPv4 address."}
        .by_default("24")
        .between(0, 32),
    OptionSpec{"ecs_prefix6", LOOM_OPTION_INTEGER, "The most bits sent of a client's IPv6 address."}
        .by_default("56")
        .between(0, 128),
    OptionSpec{"cookies", LOOM_OPTION_BOOLEAN, "Send DNS cookies, and check those of replies."}
        .by_default("true"),
    OptionSpec{
        "case_randomization",
        LOOM_OPTION_BOOLEAN,
        "Give the letters of names a case by chance, and want it back."}
        .by_default("false"),
    OptionSpec{
        "except", LOOM_OPTION_NAME, "Names that are, with all below them, left to the next plugin."}
        .list(),
};

inline constexpr uint32_t option_count = static_cast<uint32_t>(std::size(option_specs));

}  // namespace loom::forward
