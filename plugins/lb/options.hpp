// SPDX-License-Identifier: Apache-2.0
// The options, as the host checks them.
#pragma once

#include "weights.hpp"

#include <dnsloom/options.hpp>

#include <cstdint>

namespace loom::lb {

inline constexpr std::int64_t ms_ns = 1'000'000;
inline constexpr std::int64_t second_ns = 1000 * ms_ns;

inline constexpr OptionSpec weight_fields[] = {
    OptionSpec{"name", LOOM_OPTION_NAME, "The name that is asked for."}.required(),
    OptionSpec{"address", LOOM_OPTION_STRING, "One of its addresses."}.required(),
    OptionSpec{"weight", LOOM_OPTION_INTEGER, "How often it comes first, beside the others'."}
        .required()
        .between(1, weight_max)};

inline constexpr OptionSpec health_fields[] = {
    OptionSpec{"networks", LOOM_OPTION_STRING, "Addresses that may be probed."}.required().list(
        256),
    OptionSpec{"port", LOOM_OPTION_INTEGER, "Where to connect."}.required().between(1, 65535),
    OptionSpec{"probe", LOOM_OPTION_STRING, "How to ask."}.by_default("tcp").one_of("tcp|http"),
    OptionSpec{"path", LOOM_OPTION_STRING, "What to get over HTTP."}.by_default("/").between(
        1, 512),
    OptionSpec{"host", LOOM_OPTION_STRING, "The Host field of HTTP."}
        .by_default("localhost")
        .between(1, 255),
    OptionSpec{"status", LOOM_OPTION_INTEGER, "The HTTP codes that mean up; 200 if not given."}
        .list(16)
        .between(100, 599),
    OptionSpec{"interval", LOOM_OPTION_DURATION, "Time from one probe to the next."}
        .by_default("5s")
        .between(100 * ms_ns, 3600 * second_ns),
    OptionSpec{"timeout", LOOM_OPTION_DURATION, "Time that a probe may take."}
        .by_default("1s")
        .between(10 * ms_ns, 60 * second_ns),
    OptionSpec{"max_fails", LOOM_OPTION_INTEGER, "Failures in a row from which it is down."}
        .by_default("2")
        .between(1, 100),
    OptionSpec{"targets", LOOM_OPTION_INTEGER, "The most addresses that are probed."}
        .by_default("256")
        .between(1, 4096),
    OptionSpec{"concurrency", LOOM_OPTION_INTEGER, "The most probes at a time."}
        .by_default("16")
        .between(1, 128),
    OptionSpec{"when_down", LOOM_OPTION_STRING, "Where an address that is down goes."}
        .by_default("last")
        .one_of("last|out")};

inline constexpr OptionSpec option_specs[] = {
    OptionSpec{"policy", LOOM_OPTION_STRING, "The order of addresses."}
        .by_default("round_robin")
        .one_of("round_robin|weighted|keep"),
    OptionSpec{"weights", LOOM_OPTION_TABLE, "Weights for policy weighted."}
        .with(weight_fields)
        .list(),
    OptionSpec{"weight_file", LOOM_OPTION_PATH, "A file with weights, instead of weights."},
    OptionSpec{
        "prefer",
        LOOM_OPTION_STRING,
        "Networks whose addresses come first; \"client\" is "
        "the client's own."}
        .list(256),
    OptionSpec{"sticky", LOOM_OPTION_BOOLEAN, "The same order for the same client network."}
        .by_default("false"),
    OptionSpec{"ipv4_prefix", LOOM_OPTION_INTEGER, "Bits of an IPv4 client's network."}
        .by_default("24")
        .between(1, 32),
    OptionSpec{"ipv6_prefix", LOOM_OPTION_INTEGER, "Bits of an IPv6 client's network."}
        .by_default("56")
        .between(1, 128),
    OptionSpec{"health", LOOM_OPTION_TABLE, "Probes addresses and puts those that fail last."}.with(
        health_fields)};

}  // namespace loom::lb
