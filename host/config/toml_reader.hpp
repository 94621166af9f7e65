// SPDX-License-Identifier: Apache-2.0
// TOML text into tables with places.
#pragma once

#include "error.hpp"
#include "value.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace loom::host {

/// Reads TOML 1.0. `file` is the name in the places of the values. The error begins with its place.
[[nodiscard]] Result<Table>
read_toml(std::string_view text, const std::shared_ptr<const std::string>& file);

}  // namespace loom::host
