// SPDX-License-Identifier: Apache-2.0
// What of a file the process has mapped (proc(5), /proc/PID/maps).
#pragma once

#include <cstddef>
#include <filesystem>

namespace loom::host {

/// How many mappings are of the file `path`, which must be absolute and without symbolic links.
[[nodiscard]] std::size_t mapped_segments(const std::filesystem::path& path);

/// How many mappings are of files, whichever.
[[nodiscard]] std::size_t mapped_segments();

}  // namespace loom::host
