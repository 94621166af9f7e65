// SPDX-License-Identifier: Apache-2.0
// What differs between two tables, for those who keep answers (service "loom.events/1").
#pragma once

#include "host_table.hpp"

#include <dnsloom/dns/name.hpp>
#include <dnsloom/host.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace loom::hosts {

struct Change {
    std::int32_t kind;  ///< LOOM_EVENT_NAME_CHANGED, for a wildcard LOOM_EVENT_ZONE_CHANGED.
    dns::Name name;
};

/// Each name whose records differ; stops when there are more than `most`.
std::vector<Change> changes_between(
    const Host& host, const HostTable& before, const HostTable& after, std::size_t most);

}  // namespace loom::hosts
