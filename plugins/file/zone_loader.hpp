// SPDX-License-Identifier: Apache-2.0
// Reads a zone's master file.
#pragma once

#include "zone_snapshot.hpp"

#include <dnsloom/dns/name.hpp>
#include <dnsloom/dns/zone_scanner.hpp>
#include <dnsloom/host.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace loom::file {

/// Tells whether a file is another one than before, as far as the file system knows.
struct FileStamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = -1;  ///< -1: there is no file.
    std::int64_t changed_ns = 0;

    static FileStamp of(const std::filesystem::path& path);
    bool exists() const { return size >= 0; }
    bool operator==(const FileStamp&) const = default;
};

struct LoadedZone {
    std::unique_ptr<ZoneSnapshot> snapshot;    ///< nullptr: there are errors.
    std::vector<std::string> errors;           ///< A few, `FILE:LINE:COLUMN: ...`.
    std::vector<std::string> warnings;         ///< Likewise.
    std::vector<std::filesystem::path> files;  ///< That were read: what to watch.
    FileStamp stamp;                           ///< Of the main file, from before it was read.
};

/// Any thread. What is wrong is in the result.
LoadedZone load_zone(
    const Host& host,
    dns::NameView apex,
    const std::filesystem::path& path,
    dns::IncludePolicy include);

}  // namespace loom::file
