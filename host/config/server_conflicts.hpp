// SPDX-License-Identifier: Apache-2.0
// What two servers must not have in common.
#pragma once

#include "mistakes.hpp"
#include "server_table.hpp"

#include <span>

namespace loom::host {

/// Reports names that are given twice, addresses that one server listens on twice, and zones that
/// two servers serve on the same listener.
void check_conflicts(std::span<const ReadServer> servers, Mistakes& mistakes);

}  // namespace loom::host
