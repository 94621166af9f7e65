// SPDX-License-Identifier: Apache-2.0
// Checks the static data that a plugin's shared object exports (abi/plugin.h), so that everything
// behind it may rely on sizes, texts and tables. The pointers themselves are trusted: the code is
// in the process already.
#pragma once

#include "../config/error.hpp"

#include <dnsloom/abi/plugin.h>

#include <cstddef>
#include <string_view>

namespace loom::host {

inline constexpr std::size_t module_plugins_max = 32;
inline constexpr std::size_t plugin_options_max = 256;
inline constexpr std::size_t plugin_option_depth_max = 8;
inline constexpr std::size_t plugin_scratch_size_max = 1024;

/// The error is one line that begins with `place` and says what the plugin's author must change.
[[nodiscard]] Result<void> check_module(const loom_module& module, std::string_view place);

}  // namespace loom::host
