// SPDX-License-Identifier: Apache-2.0
// What --help prints.
#pragma once

#include <string_view>

namespace loom::host {

extern const std::string_view main_help;
extern const std::string_view run_help;
extern const std::string_view check_help;
extern const std::string_view plugin_help;
extern const std::string_view plugin_list_help;
extern const std::string_view plugin_inspect_help;
extern const std::string_view ctl_help;

}  // namespace loom::host
