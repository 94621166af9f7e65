// SPDX-License-Identifier: Apache-2.0
// Giving up root once the ports are bound.
#pragma once

#include "../config/config.hpp"
#include "../config/error.hpp"

namespace loom::host {

/// Makes the folders that the process writes to, owned by the user it will be.
[[nodiscard]] Result<void> prepare_folders(const HostConfig& config);

/// Becomes `user` and `group` for good, without capabilities and without a way to get new ones. Does
/// nothing but the latter if no user is configured. Before any thread but the caller's runs.
[[nodiscard]] Result<void> drop_privileges(const HostConfig& config);

}  // namespace loom::host
