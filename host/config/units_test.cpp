// SPDX-License-Identifier: Apache-2.0
#include "units.hpp"

#include <doctest/doctest.h>

using namespace loom::host;
using namespace std::chrono_literals;

TEST_CASE("config/units: parse_duration: reads numbers with units") {
    CHECK(parse_duration("0") == 0ns);
    CHECK(parse_duration("250ms") == 250ms);
    CHECK(parse_duration("1h30m") == 90min);
    CHECK(parse_duration("2w1d") == 360h);
    CHECK(parse_duration("1us5ns") == 1005ns);
}

TEST_CASE("config/units: parse_duration: refuses what is none") {
    for (const auto* text : {"", "5", "s", "1.5s", "-1s", "1 s", "1S", "1h30"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_duration(text));
    }
    CHECK(
        parse_duration("5").error() == "\"5\" is no duration: write whole numbers with the units "
                                       "ns, us, ms, s, m, h, d or w, such "
                                       "as \"250ms\" or \"1h30m\"");
    CHECK(parse_duration("20000w").error() == "\"20000w\" is too long a duration");
    CHECK(parse_duration("15250w15250w").error() == "\"15250w15250w\" is too long a duration");
}

TEST_CASE("config/units: parse_size: reads octets") {
    CHECK(parse_size("512") == 512);
    CHECK(parse_size("512B") == 512);
    CHECK(parse_size("10kB") == 10'000);
    CHECK(parse_size("64MiB") == 67'108'864);
}

TEST_CASE("config/units: parse_size: refuses what is none") {
    for (const auto* text : {"", "MiB", "1mb", "1.5MB", "-1", "1 kB", "1kB2", "1K"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_size(text));
    }
    CHECK(parse_size("9000000TiB").error() == "\"9000000TiB\" is too large a size");
}

TEST_CASE("config/units: format: gives what parse reads") {
    CHECK(format_duration(90min) == "1h30m");
    CHECK(format_duration(0ns) == "0");
    CHECK(format_duration(1500ms) == "1s500ms");
    CHECK(format_size(67'108'864) == "64MiB");
    CHECK(format_size(1000) == "1000");
    CHECK(format_size(0) == "0");
}
