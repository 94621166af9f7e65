// SPDX-License-Identifier: Apache-2.0
#include "zone_list.hpp"

#include "cidr.hpp"
#include "zone_map.hpp"

#include <fmt/format.h>

namespace loom::host {
namespace {

void parse_all(
    const FieldReader& reader, const Entry& entry, std::size_t count_max, ZoneList& list) {
    for (const auto& [text, place] : reader.texts(entry)) {
        if (reader.mistakes().full()) return;
        auto zones = parse_zones(text);
        if (!zones) {
            reader.mistakes().add(
                *place, fmt::format("{} is wrong: {}", quoted(entry.key), zones.error()));
            continue;
        }
        if (list.zones.size() + zones->size() > count_max) {
            reader.mistakes().add(
                *place, fmt::format("{} has more than {} zones", quoted(entry.key), count_max));
            return;
        }
        list.zones.insert(list.zones.end(), zones->begin(), zones->end());
        list.places.insert(list.places.end(), zones->size(), place);
    }
}

}  // namespace

ZoneList read_zones(const FieldReader& reader, const Entry& entry, std::size_t count_max) {
    ZoneList all;
    parse_all(reader, entry, count_max, all);
    ZoneMap<const Place*> seen;
    seen.reserve(all.zones.size());
    for (std::size_t i = 0; i != all.zones.size(); ++i) {
        const auto [first, fresh] = seen.emplace(all.zones[i], all.places[i]);
        if (fresh) continue;
        reader.mistakes().add(
            *all.places[i],
            fmt::format(
                "{} has {} twice, first at {}",
                quoted(entry.key),
                all.zones[i].to_string(),
                to_string(*first->second)));
        if (reader.mistakes().full()) break;
    }
    return all;
}

}  // namespace loom::host
