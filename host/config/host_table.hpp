// SPDX-License-Identifier: Apache-2.0
// The keys of [host].
#pragma once

#include "config.hpp"
#include "mistakes.hpp"
#include "value.hpp"

#include <string_view>

namespace loom::host {

/// `directory`: absolute, what relative paths start from.
[[nodiscard]] HostConfig
read_host(const Table& table, std::string_view directory, Mistakes& mistakes);

}  // namespace loom::host
