// SPDX-License-Identifier: Apache-2.0
// The steps of a server's pipeline.
#pragma once

#include "config.hpp"
#include "mistakes.hpp"
#include "value.hpp"

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

namespace loom::host {

inline constexpr std::size_t steps_max = 64;  ///< Of a pipeline.

/// The keys of a step that are the host's; the others are its plugin's options.
inline constexpr std::array<std::string_view, 4> step_keys = {
    "plugin", "name", "on", "fallthrough"};

/// Reads the array that stands for `pipeline`.
[[nodiscard]] std::vector<StepConfig>
read_pipeline(const Entry& entry, std::string_view directory, Mistakes& mistakes);

}  // namespace loom::host
