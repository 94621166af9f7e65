// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include "region.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

namespace loom::cache {
namespace {

constexpr int64_t second_ns = 1'000'000'000;

uint32_t seconds(const Options& options, std::string_view name) {
    return static_cast<uint32_t>(options[name].integer() / second_ns);
}

Limits read_limits(const Options& options) {
    const Limits limits{
        .min_ttl = seconds(options, "min_ttl"),
        .max_ttl = seconds(options, "max_ttl"),
        .negative_max_ttl = seconds(options, "negative_max_ttl"),
        .servfail_ttl = seconds(options, "servfail")};
    for (const auto& [name, most] :
         {std::pair{"max_ttl", limits.max_ttl},
          std::pair{"negative_max_ttl", limits.negative_max_ttl}}) {
        if (limits.min_ttl <= most) continue;
        throw ConfigError(options["min_ttl"], fmt::format("min_ttl must not be above {}", name));
    }
    return limits;
}

// What one worker gets of a capacity.
std::size_t read_share(const Options& options, std::string_view name, uint32_t workers) {
    const auto capacity = static_cast<std::size_t>(options[name].integer());
    const std::size_t size = Region::whole_pages(capacity / workers);
    if (size >= Region::size_min) return size;
    throw ConfigError(
        options[name],
        fmt::format(
            "{} is too small for {} workers: each of them needs {} KiB, so make it {} KiB",
            name,
            workers,
            Region::size_min >> 10U,
            workers * (Region::size_min >> 10U)));
}

// Told now, and not at the end, when the answers would be lost.
std::string read_file(const Option& option) {
    const std::filesystem::path path{option.string()};
    std::error_code error;
    if (std::filesystem::is_directory(path, error))
        throw ConfigError(option, fmt::format("{} is a folder: name a file", path.string()));
    if (!std::filesystem::is_directory(path.parent_path(), error))
        throw ConfigError(
            option, fmt::format("there is no folder {}: make it", path.parent_path().string()));
    return path.string();
}

}  // namespace

Settings read_settings(const Host& host, const Options& options) {
    Settings settings;
    settings.limits = read_limits(options);
    settings.region_size = read_share(options, "capacity", host.workers());
    if (options["denial_capacity"].integer() != 0)
        settings.denial_size = read_share(options, "denial_capacity", host.workers());
    settings.prefetch = static_cast<uint32_t>(options["prefetch"].integer());
    settings.prefetch_percentage = static_cast<uint32_t>(options["prefetch_percentage"].integer());
    settings.keeps_ttl = options["keepttl"].boolean();
    settings.disable_success = NameSet{host, options.find("disable_success")};
    settings.disable_denial = NameSet{host, options.find("disable_denial")};
    if (const auto share = options.find("share")) settings.share = share->string();
    if (const auto file = options.find("file")) settings.file = read_file(*file);
    settings.stale = seconds(options, "serve_stale");
    settings.stale_verifies = options["serve_stale_refresh"].string() == "verify";
    settings.stale_patience_ns =
        static_cast<uint64_t>(options["serve_stale_verify_timeout"].integer());
    settings.stale_ttl = seconds(options, "serve_stale_ttl");
    settings.stale_recheck_ns = static_cast<uint64_t>(options["serve_stale_recheck"].integer());
    return settings;
}

}  // namespace loom::cache
