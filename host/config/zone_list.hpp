// SPDX-License-Identifier: Apache-2.0
// Lists of zones: names and CIDR blocks.
#pragma once

#include "field_reader.hpp"

#include <dnsloom/dns/name.hpp>

#include <cstddef>
#include <vector>

namespace loom::host {

struct ZoneList {
    std::vector<dns::Name> zones;      ///< Lower case; none twice unless that was reported.
    std::vector<const Place*> places;  ///< One for each; they live as long as the entry.
};

/// Reads a string or an array of strings. A zone that is there twice is a mistake.
[[nodiscard]] ZoneList
read_zones(const FieldReader& reader, const Entry& entry, std::size_t count_max);

}  // namespace loom::host
