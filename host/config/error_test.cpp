// SPDX-License-Identifier: Apache-2.0
#include "error.hpp"
#include "mistakes.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace loom::host;

TEST_CASE("config/error: printable: shows control characters and bad UTF-8 as octets") {
    CHECK(printable("plain ä") == "plain ä");
    CHECK(printable("a\x1b[2J\n") == "a\\x1B[2J\\x0A");
    CHECK(printable("\xc2\x9b") == "\\xC2\\x9B");           // A control character above U+007F.
    CHECK(printable("\xc0\xaf") == "\\xC0\\xAF");           // An overlong form.
    CHECK(printable("\xed\xa0\x80") == "\\xED\\xA0\\x80");  // A surrogate.
    CHECK(printable("\xe4") == "\\xE4");                    // Cut off.
}

TEST_CASE("config/error: printable: cuts long texts off") {
    CHECK(printable(std::string(100, 'x')) == std::string(80, 'x') + "...");
    CHECK(printable(std::string(100, 'x'), 100) == std::string(100, 'x'));
}

TEST_CASE("config/error: join: gives a line for each") {
    const std::array errors = {Error{"one"}, Error{"two"}};

    CHECK(join(errors).text == "one\ntwo");
}

TEST_CASE("config/mistakes: add: begins with the place and keeps the first twenty") {
    Mistakes mistakes;
    const Place place{std::make_shared<const std::string>("a.toml"), 3, 7};

    mistakes.add(place, "is wrong");
    mistakes.add({}, "has no place");
    for (int i = 0; i != 30; ++i) mistakes.add(place, "again");

    CHECK(mistakes.full());
    REQUIRE(mistakes.list().size() == 20);
    CHECK(mistakes.list()[0].text == "a.toml:3:7: is wrong");
    CHECK(mistakes.list()[1].text == "has no place");
}
