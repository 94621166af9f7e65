// SPDX-License-Identifier: Apache-2.0
#include "zone_time.hpp"

#include <doctest/doctest.h>

namespace loom::dns {

TEST_CASE("dns/zone_time: parse_ttl: seconds and units") {
    CHECK(parse_ttl("0") == 0U);
    CHECK(parse_ttl("2147483647") == ttl_max);
    CHECK(parse_ttl("1w2d3h4m5s") == 788645U);
    CHECK(parse_ttl("1H30M") == 5400U);
    CHECK(parse_ttl("30m1h") == 5400U);  // Any order, as in BIND.

    for (const auto* bad : {"", "s", "1x", "1h30", "-1", "2147483648", "9999w", "1 h", "1hh"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_ttl(bad));
    }
}

TEST_CASE("dns/zone_time: timestamps: the whole range of 32 bits, leap days right") {
    const auto printed = [](std::uint32_t seconds) {
        std::string out;
        append_timestamp(seconds, out);
        return out;
    };

    CHECK(printed(0) == "19700101000000");
    CHECK(printed(951782400) == "20000229000000");
    CHECK(printed(4294967295) == "21060207062815");
    CHECK(parse_timestamp("20000229000000") == 951782400U);
    CHECK(parse_timestamp("21060207062815") == 4294967295U);
    CHECK(parse_timestamp("4294967295") == 4294967295U);

    for (const auto* bad :
         {"",
          "4294967296",
          "21060207062816",
          "20010229000000",
          "19691231235959",
          "20000229240000",
          "2000022900000",
          "200002290000000",
          "2000022900000x"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_timestamp(bad));
    }
}

}  // namespace loom::dns
