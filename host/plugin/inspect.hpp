// SPDX-License-Identifier: Apache-2.0
// What `dnsloom plugin inspect` and `dnsloom plugin list` print.
#pragma once

#include "../config/error.hpp"
#include "catalog.hpp"
#include "elf_check.hpp"

#include <dnsloom/abi/plugin.h>

#include <span>
#include <string>

namespace loom::host {

/// Everything about a file and the plugins in it (Library::plugins()), several lines, each with a
/// newline.
[[nodiscard]] std::string
inspection_text(const PluginFile& file, std::span<const loom_plugin* const> plugins);

/// One line without a newline. `file` is what check_elf_file() said of `entry`: none of the
/// plugin's code has to run for it.
[[nodiscard]] std::string listing_line(const CatalogEntry& entry, const Result<PluginFile>& file);

}  // namespace loom::host
