// SPDX-License-Identifier: Apache-2.0
// The options, and what the configuration says with them.
#pragma once

#include "rate_table.hpp"
#include "response_class.hpp"
#include "server_cookie.hpp"

#include <dnsloom/dns/ip_network.hpp>
#include <dnsloom/host.hpp>
#include <dnsloom/options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace loom::ratelimit {

inline constexpr std::int64_t second_ns = 1'000'000'000;
inline constexpr std::int64_t rate_max = 1'000'000;

inline constexpr OptionSpec option_specs[] = {
    OptionSpec{
        "responses_per_second",
        LOOM_OPTION_INTEGER,
        "Equal answers a client network gets in a second; 0: no limit."}
        .by_default("20")
        .between(0, rate_max),
    OptionSpec{"nodata_per_second", LOOM_OPTION_INTEGER, "The same of empty answers of a zone."}
        .between(0, rate_max),
    OptionSpec{"nxdomains_per_second", LOOM_OPTION_INTEGER, "The same of NXDOMAIN of a zone."}
        .between(0, rate_max),
    OptionSpec{"referrals_per_second", LOOM_OPTION_INTEGER, "The same of referrals to a zone."}
        .between(0, rate_max),
    OptionSpec{"errors_per_second", LOOM_OPTION_INTEGER, "The same of other rcodes."}.between(
        0, rate_max),
    OptionSpec{
        "requests_per_second",
        LOOM_OPTION_INTEGER,
        "Questions of any kind from a client network in a second; 0: no limit."}
        .by_default("0")
        .between(0, rate_max),
    OptionSpec{
        "window", LOOM_OPTION_DURATION, "How long after a flood its network still gets nothing."}
        .by_default("15s")
        .between(second_ns, 3600 * second_ns),
    OptionSpec{
        "slip_ratio",
        LOOM_OPTION_INTEGER,
        "Every so many responses over the limit, a truncated one is sent; 0: never."}
        .by_default("2")
        .between(0, 10),
    OptionSpec{"ipv4_prefix_length", LOOM_OPTION_INTEGER, "Bits of an IPv4 client network."}
        .by_default("24")
        .between(1, 32),
    OptionSpec{"ipv6_prefix_length", LOOM_OPTION_INTEGER, "Bits of an IPv6 client network."}
        .by_default("56")
        .between(1, 128),
    OptionSpec{
        "max_table_size", LOOM_OPTION_INTEGER, "Accounts that are kept, of all workers together."}
        .by_default("100000")
        .between(1000, 100'000'000),
    OptionSpec{"exempt", LOOM_OPTION_STRING, "Client networks without limits."}.list(4096),
    OptionSpec{"report_only", LOOM_OPTION_BOOLEAN, "Count what is over the limit, and send it."}
        .by_default("false"),
    OptionSpec{"cookies", LOOM_OPTION_BOOLEAN, "Give DNS cookies; who has one has no limits."}
        .by_default("true"),
    OptionSpec{
        "require_cookie",
        LOOM_OPTION_BOOLEAN,
        "Answer BADCOOKIE over UDP to those that know cookies and have no good one."}
        .by_default("false"),
    OptionSpec{
        "cookie_secret",
        LOOM_OPTION_STRING,
        "Secrets for cookies, 32 hexadecimal digits each; the first one makes new ones."}
        .list(secrets_max),
    OptionSpec{
        "cookie_secret_file", LOOM_OPTION_PATH, "A file with such secrets, one a line, instead."}};

struct Settings {
    std::array<Rate, class_count> rates;  ///< Of one worker, by ResponseClass.
    std::uint64_t window_ns = 0;
    std::uint32_t slip_ratio = 0;
    unsigned ipv4_prefix = 0;  ///< Of the 128 bits of an address, as the other one.
    unsigned ipv6_prefix = 0;
    std::size_t accounts = 0;  ///< Of one worker.
    dns::NetworkRanks exempt;
    bool report_only = false;
    bool cookies = false;
    bool require_cookie = false;
    Secrets secrets;          ///< Of the configuration.
    std::string secret_file;  ///< Empty: none.
};

/// Throws ConfigError. Does not read the file of secrets.
Settings read_settings(const Host& host, const Options& options);

}  // namespace loom::ratelimit
