// SPDX-License-Identifier: Apache-2.0
// What two servers must not have in common.
#pragma once

#include "mistakes.hpp"
#include "server_table.hpp"

#include <span>
#include <vector>

namespace loom::host {

/// Reports names that are given twice and addresses that one server listens on twice. Gives back the
/// zones that two servers serve on the same listener. Servers without a name get one of their own.
[[nodiscard]] std::vector<SharedZone>
check_conflicts(std::span<ReadServer> servers, Mistakes& mistakes);

}  // namespace loom::host
