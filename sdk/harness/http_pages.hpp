// SPDX-License-Identifier: Apache-2.0
// The pages that a plugin serves with "loom.http/1".
#pragma once

#include "core.hpp"

#include <string_view>

namespace loom::harness {

/// Runs a page's handler; throws std::out_of_range if there is none. `address` may be empty.
HttpReply get_page(Harness::Core& core, std::string_view path, std::string_view address);

}  // namespace loom::harness
