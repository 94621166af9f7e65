// SPDX-License-Identifier: Apache-2.0
// The commands that a plugin offers with "loom.command/1".
#pragma once

#include "core.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace loom::harness {

/// Runs a command up to its return; throws std::out_of_range if there is none.
loom_handle
start_command(Harness::Core& core, std::string_view name, const std::vector<std::string>& words);
/// Throws std::runtime_error if it has not finished.
CommandResult take_result(Harness::Core& core, loom_handle reply);

}  // namespace loom::harness
