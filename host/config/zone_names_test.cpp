// SPDX-License-Identifier: Apache-2.0
#include "zone_names.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

using namespace loom::host;

namespace {

ZoneNames names(std::initializer_list<std::string_view> texts) {
    std::vector<loom::dns::Name> list;
    for (const auto text : texts) list.push_back(*loom::dns::Name::from_text(text));
    return ZoneNames{list};
}

}  // namespace

TEST_CASE("config/zone_names: names: come back as they were given, the root too") {
    const auto zones = names({"example.org.", ".", "a.b."});

    std::string text;
    for (const auto zone : zones) text += zone.to_string() + ' ';

    CHECK(text == "example.org. . a.b. ");
    CHECK(zones.size() == 3);
    CHECK(zones[1].is_root());
    CHECK(zones.octets().size() == 13 + 1 + 5);
}

TEST_CASE("config/zone_names: no names: are an empty list") {
    CHECK(names({}).empty());
    CHECK(ZoneNames{}.size() == 0);
    CHECK(ZoneNames{}.octets().empty());
    const ZoneNames none;
    for (const auto zone : none) FAIL(zone.to_string());
}

TEST_CASE("config/zone_names: a copy: shares the octets and keeps them alive") {
    std::optional first{names({"example.org."})};
    const auto copy = *first;
    const auto view = (*first)[0];

    first.reset();

    CHECK(copy[0].data() == view.data());
    CHECK(view.to_string() == "example.org.");
}
