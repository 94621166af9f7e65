// SPDX-License-Identifier: Apache-2.0
// A configuration as text, to tell whether another one says the same.
#pragma once

#include "../config/config.hpp"

#include <string>

namespace loom::host {

/// Equal for configurations that mean the same, whatever their layout; not for people.
[[nodiscard]] std::string canonical_text(const Config& config);

}  // namespace loom::host
