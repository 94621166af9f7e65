// SPDX-License-Identifier: Apache-2.0
// A file that is read as a whole.
#pragma once

#include <cstddef>
#include <expected>
#include <filesystem>
#include <string>

namespace loom::hosts {

/// Otherwise `PATH: ...` with what to change.
[[nodiscard]] std::expected<std::string, std::string>
read_text(const std::string& path, std::size_t size_max);

/// When it was last written; the same value always if there is none.
std::filesystem::file_time_type time_of(const std::string& path);

}  // namespace loom::hosts
