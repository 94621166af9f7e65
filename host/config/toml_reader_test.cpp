// SPDX-License-Identifier: Apache-2.0
#include "toml_limits.hpp"
#include "toml_reader.hpp"

#include <doctest/doctest.h>

using namespace loom::host;

namespace {

Result<Table> read(std::string_view text) {
    return read_toml(text, std::make_shared<const std::string>("t.toml"));
}

std::string error_in(std::string_view text) {
    const auto table = read(text);
    return table ? std::string{} : table.error().text;
}

}  // namespace

TEST_CASE("config/toml_reader: values of each type: have their type and place") {
    const auto table = read("s = \"x\"\ni = -3\n r = 0.5\nb = true\na = [1,\n  2]\nt = { k = 1 }\n"
                            "d = 1979-05-27\n");

    REQUIRE(table);
    REQUIRE(table->entries.size() == 7);
    CHECK(*table->find("s")->value.as<std::string>() == "x");
    CHECK(*table->find("i")->value.as<std::int64_t>() == -3);
    CHECK(*table->find("r")->value.as<double>() == 0.5);
    CHECK(*table->find("b")->value.as<bool>());
    CHECK(table->find("d")->value.as<Date>() != nullptr);
    const auto* array = table->find("a")->value.as<Array>();
    REQUIRE(array != nullptr);
    CHECK(to_string(array->at(1).place) == "t.toml:6:3");
    CHECK(to_string(table->find("r")->place) == "t.toml:3:2");
    CHECK(to_string(table->find("r")->value.place) == "t.toml:3:6");
    CHECK(to_string(table->find("t")->value.as<Table>()->find("k")->place) == "t.toml:7:7");
}

TEST_CASE("config/toml_reader: keys: stay in the order in which they are written") {
    const auto table = read("zebra = 1\napple = 2\nmango = 3\n");

    REQUIRE(table);
    REQUIRE(table->entries.size() == 3);
    CHECK(table->entries[0].key == "zebra");
    CHECK(table->entries[1].key == "apple");
    CHECK(table->entries[2].key == "mango");
}

TEST_CASE("config/toml_reader: arrays of tables: the place is that of the header") {
    const auto table = read("[[server]]\nx = 1\n  [[server.pipeline]]\n  y = 2\n");

    REQUIRE(table);
    const auto* servers = table->find("server")->value.as<Array>();
    REQUIRE(servers != nullptr);
    CHECK(to_string(servers->front().place) == "t.toml:1:1");
    const auto* steps = servers->front().as<Table>()->find("pipeline")->value.as<Array>();
    REQUIRE(steps != nullptr);
    CHECK(to_string(steps->front().place) == "t.toml:3:3");
}

TEST_CASE("config/toml_reader: bad syntax: the error has the place") {
    CHECK(
        error_in("[host]\nworkers = 1\nworkers = 2\n") ==
        "t.toml:3:11: Error while parsing key-value pair: cannot redefine existing integer "
        "'workers'");
    CHECK(error_in("a = \"x\n").starts_with("t.toml:1:7: Error while parsing string"));
    CHECK(error_in("a = \"\xff\"\n") == "t.toml:1:5: Encountered invalid utf-8 sequence");
    CHECK(error_in("x").starts_with("t.toml:1:2: "));
}

TEST_CASE("config/toml_reader: control characters in a key: do not reach the message") {
    const auto error = error_in("\"a\\u001b[2J\" = 1\n\"a\\u001b[2J\" = 2\n");

    CHECK(error.find('\x1b') == std::string::npos);
    CHECK(error.starts_with("t.toml:2:"));
}

TEST_CASE("config/toml_limits: deep nesting and long keys: are refused before they are parsed") {
    CHECK(
        error_in("a = " + std::string(100'000, '[')) ==
        "t.toml:1:37: arrays and tables are nested more than 32 deep");
    std::string dotted = "a";
    for (int i = 0; i != 100'000; ++i) dotted += ".a";
    CHECK(error_in("\n" + dotted + " = 1") == "t.toml:2:32: a key has more than 16 parts");
    CHECK(error_in("[" + dotted + "]") == "t.toml:1:33: a key has more than 16 parts");
}

TEST_CASE("config/toml_limits: a table header without a key: is refused") {
    constexpr std::string_view complaint =
        " a table header needs a key, such as [host] or [[server]]";
    for (const auto* header : {"[[[a]]]", "[\n", "[[ \n", "[.a]", "[#", "[= "}) {
        CAPTURE(header);
        CHECK(error_in(std::string{"a = 1\n "} + header) == "t.toml:2:2:" + std::string{complaint});
    }
    CHECK(error_in("a = [\n[[[1]]]]\n[ b . c ]\n[[ d ]]\n['e']\n") == "");
    CHECK(error_in("[").starts_with("t.toml:1:"));
    CHECK(error_in("[]").starts_with("t.toml:1:"));
}

TEST_CASE("config/toml_limits: brackets that do not match: are refused") {
    CHECK(error_in("a = [ }") == "t.toml:1:7: there is no \"{\" that this \"}\" closes");
    CHECK(error_in("a = { b = 1 ]") == "t.toml:1:13: there is no \"[\" that this \"]\" closes");
    CHECK(error_in("a = 1 ]") == "t.toml:1:7: there is no \"[\" that this \"]\" closes");
}

TEST_CASE("config/toml_limits: a date with a T and no time: is refused") {
    CHECK(error_in("a = 1979-05-27Tx") == "t.toml:1:5: the date has a T, but no time behind it");
    CHECK(error_in("a = 1979-05-27T") == "t.toml:1:5: the date has a T, but no time behind it");
    CHECK(error_in("a = 1979-05-27T07:32:00Z") == "");
}

TEST_CASE("config/toml_limits: foreign characters: may stand in strings and comments only") {
    CHECK(
        error_in("a = \xf1\x84\x80\x80") ==
        "t.toml:1:5: a character such as this may stand in strings and comments only");
    CHECK(error_in("\xEF\xBB\xBF# \xc3\xa4\r\n\ta = \"\xc3\xa4\"\r\n") == "");
}

TEST_CASE("config/toml_limits: dots and brackets in strings and comments: do not count") {
    const std::string many(200, '[');
    const std::string dots(200, '.');
    const auto text = "# " + many + dots + "\na = \"" + many + dots + "\\\"[\"\nb = '" + many +
                      dots + "\\'\nc = \"\"\"\n" + many + "\"\n" + dots + "\"\"\"\"\nd = '''\n" +
                      many + "'\n" + dots + "''''\n";

    CHECK(error_in(text) == "");
}

TEST_CASE("config/toml_limits: numbers in a long array: their points do not add up") {
    std::string text = "a = [";
    for (int i = 0; i != 100; ++i) text += "0.5, ";

    CHECK(error_in(text + "]") == "");
}

TEST_CASE("config/toml_limits: a text over the limit: is refused") {
    CHECK(
        error_in(std::string(toml_size_max + 1, '\n')) ==
        "t.toml: is larger than 16 MiB; split it with include");
}
