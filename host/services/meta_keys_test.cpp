// SPDX-License-Identifier: Apache-2.0
#include "meta_keys.hpp"

#include <doctest/doctest.h>

#include <string>

using loom::host::MetaKeys;

TEST_CASE("host/meta_keys: key: is the same for a name and another for others") {
    MetaKeys keys;
    const auto country = keys.key("geoip/country");
    CHECK(country != 0);
    CHECK(keys.key("geoip/city") != country);
    CHECK(keys.key("geoip/country") == country);
}

TEST_CASE("host/meta_keys: key: refuses what is not PLUGIN/FACT") {
    MetaKeys keys;
    for (const auto* bad : {"", "geoip", "/country", "geoip/", "/"}) CHECK(keys.key(bad) == 0);
}

TEST_CASE("host/meta_keys: key: ends at the limit, and known names stay") {
    MetaKeys keys;
    for (std::size_t i = 0; i < MetaKeys::keys_max; ++i)
        REQUIRE(keys.key("plugin/" + std::to_string(i)) != 0);
    CHECK(keys.key("plugin/more") == 0);
    CHECK(keys.key("plugin/7") == 8);
}
