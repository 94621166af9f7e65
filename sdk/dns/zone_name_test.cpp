// SPDX-License-Identifier: Apache-2.0
#include "zone_name.hpp"
#include "zone_test_names.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>

namespace loom::dns {

TEST_CASE("dns/zone_name: parse: agrees with Name::from_text") {
    const std::string label(63, 'a');
    const std::string three = label + '.' + label + '.' + label + '.';
    const std::string texts[] = {
        "@",
        ".",
        "a",
        "a.",
        "a.b",
        "a.b.",
        "A.b",
        "\\@",
        "a\\.b",
        "a\\046b.",
        "a\\\\b",
        "\\000.",
        "\\255",
        "*",
        "",
        "..",
        ".a",
        "a..b",
        "a..",
        "\\",
        "a\\",
        "\\1",
        "\\12",
        "\\12a",
        "\\256",
        "\\999",
        "@.",
        "@a",
        label,
        label + 'a',
        label + ".",
        label + "a.",
        three,
        three + '.',
        three + std::string(53, 'b'),
        three + std::string(54, 'b'),
        three + std::string(61, 'b') + '.',
        three + std::string(62, 'b') + '.',
    };
    for (const std::string& text : texts) {
        CAPTURE(text);
        std::array<std::uint8_t, name_size_max> out;

        const auto size = parse_zone_name(text, test_origin().octets(), out.data());
        const auto name = Name::from_text(text, test_origin());

        REQUIRE(size.has_value() == name.has_value());
        if (size) CHECK(std::ranges::equal(std::span{out}.first(*size), name->octets()));
        if (!size) CHECK(size.error() == name.error());
    }
}

}  // namespace loom::dns
