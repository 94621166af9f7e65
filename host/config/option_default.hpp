// SPDX-License-Identifier: Apache-2.0
// The default of an option as the value that it would be in a configuration.
#pragma once

#include "value.hpp"

#include <dnsloom/abi/options.h>

namespace loom::host {

/// Of a declaration with a default. A list is `a, b` or `["a", "b"]`. A text that does not fit the
/// type becomes a string, which the check of values refuses.
[[nodiscard]] Value default_of(const loom_option_spec& spec, const Place& place);

}  // namespace loom::host
