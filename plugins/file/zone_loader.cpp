// SPDX-License-Identifier: Apache-2.0
// Scanning a master file into a builder, and saying where what is wrong stands.

#include "zone_loader.hpp"

#include "zone_builder.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace loom::file {

namespace {

constexpr std::size_t errors_max = 10;

dns::ZoneScanOptions scan_options(dns::NameView apex, dns::IncludePolicy include) {
    dns::ZoneScanOptions options;
    options.origin = dns::Name{apex};
    options.errors_max = errors_max;
    options.include = include;
    return options;
}

// The last record of a finding's owner and type is where it is told: reading the file once more is
// cheaper than to keep every record's place.
std::vector<std::string> place(
    const std::vector<ZoneFinding>& findings,
    const std::filesystem::path& path,
    const dns::ZoneScanOptions& options) {
    std::vector<std::string> places(findings.size());
    const auto look = [&](const dns::ZoneRecord& record) {
        for (std::size_t i = 0; i < findings.size(); ++i)
            if (record.type == findings[i].type &&
                record.owner.equals(dns::NameView::from_trusted(findings[i].owner)))
                places[i] = record.position.to_string();
    };
    if (!findings.empty()) std::ignore = dns::scan_zone_file(path, options, look);
    for (std::size_t i = 0; i < findings.size(); ++i)
        places[i] = (places[i].empty() ? path.string() : places[i]) + ": " + findings[i].text;
    return places;
}

void load(
    const Host& host,
    dns::NameView apex,
    const std::filesystem::path& path,
    dns::IncludePolicy include,
    LoadedZone& zone) {
    const dns::ZoneScanOptions options = scan_options(apex, include);
    const auto size = static_cast<std::size_t>(std::max<std::int64_t>(zone.stamp.size, 0));
    ZoneBuilder builder{host, apex, size};
    const auto add = [&](const dns::ZoneRecord& record) { return builder.add(record); };
    const dns::ZoneScanResult scan = dns::scan_zone_file(path, options, add);
    zone.files = scan.files;
    for (const dns::ZoneScanError& error : scan.errors) zone.errors.push_back(error.to_string());
    if (!scan.ok()) return;
    zone.snapshot = builder.finish();
    zone.errors = place(builder.errors(), path, options);
    zone.warnings = place(builder.warnings(), path, options);
}

}  // namespace

FileStamp FileStamp::of(const std::filesystem::path& path) {
    struct stat found {};
    if (stat(path.c_str(), &found) != 0) return {};
    constexpr std::int64_t second = 1'000'000'000;
    return {
        found.st_dev,
        found.st_ino,
        found.st_size,
        found.st_mtim.tv_sec * second + found.st_mtim.tv_nsec};
}

LoadedZone load_zone(
    const Host& host,
    dns::NameView apex,
    const std::filesystem::path& path,
    dns::IncludePolicy include) {
    LoadedZone zone;
    zone.stamp = FileStamp::of(path);
    try {
        load(host, apex, path, include, zone);
    } catch (const std::exception& e) {
        zone.snapshot = nullptr;
        zone.errors.push_back(path.string() + ": " + e.what());
    }
    // The main file is watched even when it is not there.
    if (std::ranges::find(zone.files, path) == zone.files.end())
        zone.files.insert(zone.files.begin(), path);
    return zone;
}

}  // namespace loom::file
