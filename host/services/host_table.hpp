// SPDX-License-Identifier: Apache-2.0
// What a plugin gets of the host: the loom_host functions and the services by id.
#pragma once

#include <dnsloom/abi/host.h>

#include <string_view>

namespace loom::host {

struct Services;

/// Fills in everything of the table but `name`.
void fill_host_table(loom_host& table, const Services& services);

/// Whether the host offers a service of this id.
[[nodiscard]] bool offers_service(std::string_view id);

}  // namespace loom::host
