// SPDX-License-Identifier: Apache-2.0
// One value of a plugin's option, checked against its declaration.
#pragma once

#include "option_tree.hpp"
#include "value.hpp"

#include <dnsloom/abi/options.h>

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace loom::host {

/// The nodes of a value that is neither list nor table: one, but for a CIDR block, which may give
/// several. They have data and text, but no place. The error is the end of a sentence that begins
/// with the option.
[[nodiscard]] std::expected<std::vector<OptionNode>, std::string>
read_option_value(const loom_option_spec& spec, const Value& value, std::string_view directory);

}  // namespace loom::host
