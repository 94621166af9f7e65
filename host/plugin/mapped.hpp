// SPDX-License-Identifier: Apache-2.0
// What of a file the process has mapped (proc(5), /proc/PID/maps).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace loom::host {

/// How many mappings are of the file `path`, which must be absolute and without symbolic links.
[[nodiscard]] std::size_t mapped_segments(const std::filesystem::path& path);

/// How many mappings are of files, whichever.
[[nodiscard]] std::size_t mapped_segments();

struct AddressRange {
    std::uintptr_t first = 0;
    std::uintptr_t end = 0;  ///< Behind the last.

    [[nodiscard]] bool has(std::uintptr_t address) const {
        return address >= first && address < end;
    }
};

/// From the first to the last segment of the file at `path`; nothing if it is not mapped.
[[nodiscard]] std::optional<AddressRange> mapped_range(const std::filesystem::path& path);

/// The mapping that has this address.
[[nodiscard]] std::optional<AddressRange> mapping_of(std::uintptr_t address);

}  // namespace loom::host
