// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"
#include "sample_source.hpp"
#include "value.hpp"

#include <dnsloom/options.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <span>

using namespace loom::host;
using loom::OptionSpec;
using namespace std::chrono_literals;

namespace {

/// A step, its server's zones and a plugin with some declarations, checked.
class Checked {
public:
    Checked(std::span<const OptionSpec> specs, std::string_view keys) {
        const auto config = parse_config(
            "[[server]]\nlisten = \":53\"\nzones = [\"Example.org\", "
            "\"b.example\"]\n[[server.pipeline]]\nplugin = \"x\"\n" +
                std::string{keys},
            "/l/t.toml");
        REQUIRE_MESSAGE(config, error_of(config));
        zones_ = config->servers[0].zones;
        loom_plugin plugin{};
        plugin.size = sizeof plugin;
        plugin.id = loom::str("x");
        plugin.options = specs.data();
        plugin.option_count = static_cast<std::uint32_t>(specs.size());
        auto checked = OptionsBlock::check(config->servers[0].pipeline[0], plugin, zones_);
        if (!checked) errors_ = join(checked.error()).text;
        if (checked) block_ = std::move(*checked);
    }

    loom::Options options() const {
        REQUIRE_MESSAGE(block_, errors_);
        return {block_->raw(), &options_service};
    }
    const std::string& errors() const { return errors_; }

private:
    ZoneNames zones_;
    std::unique_ptr<OptionsBlock> block_;
    std::string errors_;
};

/// The complaint about `o = ...`, without the place in the file's name.
std::string complaint(const OptionSpec& spec, std::string_view value) {
    const Checked checked{{&spec, 1}, "o = " + std::string{value}};
    return checked.errors();
}

std::string name_text(const loom::Option& option) {
    return loom::dns::NameView::from_trusted(option.name()).to_string();
}

}  // namespace

TEST_CASE("config/options: each type: is read as its getter gives it") {
    const OptionSpec inner[] = {
        {"cert", LOOM_OPTION_PATH, "C."},
        OptionSpec{"port", LOOM_OPTION_INTEGER, "P."}.by_default("853")};
    const OptionSpec specs[] = {
        {"text", LOOM_OPTION_STRING, ""},
        {"count", LOOM_OPTION_INTEGER, ""},
        {"flag", LOOM_OPTION_BOOLEAN, ""},
        {"share", LOOM_OPTION_REAL, ""},
        {"ttl", LOOM_OPTION_DURATION, ""},
        {"capacity", LOOM_OPTION_SIZE, ""},
        {"zone", LOOM_OPTION_NAME, ""},
        {"path", LOOM_OPTION_PATH, ""},
        {"to", LOOM_OPTION_ENDPOINT, ""},
        OptionSpec{"tls", LOOM_OPTION_TABLE, ""}.with(inner)};

    const Checked checked{specs, R"(text = "hello"
count = -3
flag = true
share = 1
ttl = "1h30m"
capacity = "64MiB"
zone = "10.0.0.0/24"
path = "../db"
to = "[2001:db8::1]:853"
tls = { cert = "c.pem" }
)"};
    const auto options = checked.options();

    CHECK(options["text"].string() == "hello");
    CHECK(options["count"].integer() == -3);
    CHECK(options["flag"].boolean());
    CHECK(options["share"].real() == 1.0);
    CHECK(options["ttl"].duration() == 90min);
    CHECK(options["capacity"].integer() == 64 << 20);
    CHECK(name_text(options["zone"]) == "0.0.10.in-addr.arpa.");
    CHECK(options["path"].string() == "/db");
    CHECK(options["to"].endpoint().port == 853);
    CHECK(options["to"].endpoint().family == 6);
    CHECK(options["tls"].table()["cert"].string() == "/l/c.pem");
    CHECK(options["tls"].table()["port"].integer() == 853);
    CHECK(options["text"].size() == 1);
    CHECK(options["text"][0].string() == "hello");
}

TEST_CASE("config/options: the zones of the server: are in the block and its tables") {
    const OptionSpec specs[] = {{"t", LOOM_OPTION_TABLE, ""}};

    const Checked checked{specs, "t = {}"};
    const auto options = checked.options();

    REQUIRE(options.zone_count() == 2);
    CHECK(loom::dns::NameView::from_trusted(options.zone(0)).to_string() == "example.org.");
    CHECK(options["t"].table().zone_count() == 2);
    CHECK(options.zone(2).empty());
}

TEST_CASE("config/options: lists: take arrays and single values") {
    const OptionSpec specs[] = {
        OptionSpec{"to", LOOM_OPTION_ENDPOINT, ""}.list(2),
        OptionSpec{"zones", LOOM_OPTION_NAME, ""}.list(),
        OptionSpec{"tags", LOOM_OPTION_STRING, ""}.list()};

    const Checked checked{
        specs, "to = \"192.0.2.1\"\nzones = [\"a.example\", \"10.0.0.0/23\"]\ntags = []\n"};
    const auto options = checked.options();

    CHECK(options["to"].size() == 1);
    CHECK(options["to"][0].endpoint().port == 0);
    REQUIRE(options["zones"].size() == 3);
    CHECK(name_text(options["zones"][2]) == "1.0.10.in-addr.arpa.");
    CHECK(options["zones"][2].given());
    CHECK(options["tags"].size() == 0);
    CHECK(options_service.at(options["to"].raw(), 1) == nullptr);
}

TEST_CASE("config/options: defaults: stand in, and are told apart") {
    const OptionSpec inner[] = {OptionSpec{"n", LOOM_OPTION_INTEGER, ""}.by_default("7")};
    const OptionSpec specs[] = {
        OptionSpec{"ttl", LOOM_OPTION_DURATION, ""}.by_default("1m"),
        OptionSpec{"flag", LOOM_OPTION_BOOLEAN, ""}.by_default("true"),
        OptionSpec{"share", LOOM_OPTION_REAL, ""}.by_default("0.5"),
        OptionSpec{"path", LOOM_OPTION_PATH, ""}.by_default("db"),
        OptionSpec{"tags", LOOM_OPTION_STRING, ""}.list().by_default("[\"a\", 'b']"),
        OptionSpec{"ports", LOOM_OPTION_INTEGER, ""}.list().by_default("1, 2"),
        OptionSpec{"t", LOOM_OPTION_TABLE, ""}.with(inner).by_default("{}"),
        {"none", LOOM_OPTION_STRING, ""}};

    const Checked checked{specs, "flag = false\n"};
    const auto options = checked.options();

    CHECK(options["ttl"].duration() == 1min);
    CHECK_FALSE(options["ttl"].given());
    CHECK_FALSE(options["flag"].boolean());
    CHECK(options["flag"].given());
    CHECK(options["share"].real() == 0.5);
    CHECK(options["path"].string() == "/l/db");
    REQUIRE(options["tags"].size() == 2);
    CHECK(options["tags"][1].string() == "b");
    CHECK(options["ports"][1].integer() == 2);
    CHECK(options["t"].table()["n"].integer() == 7);
    CHECK_FALSE(options.find("none"));
}

TEST_CASE("config/options: position: is the value's, or the step's for a default") {
    const OptionSpec specs[] = {
        {"text", LOOM_OPTION_STRING, ""}, OptionSpec{"n", LOOM_OPTION_INTEGER, ""}.by_default("1")};
    const Checked checked{specs, "text = \"x\"\n"};
    const auto options = checked.options();
    loom_str file{};
    std::uint32_t line = 0;
    std::uint32_t column = 0;

    options_service.position(options["text"].raw(), &file, &line, &column);
    CHECK(loom::view(file) == "/l/t.toml");
    CHECK(line == 6);
    CHECK(column == 8);

    options_service.position(options["n"].raw(), nullptr, &line, &column);
    CHECK(line == 4);
    CHECK(column == 1);
}

TEST_CASE("config/options: values from the environment: may be numbers") {
    const OptionSpec specs[] = {
        {"n", LOOM_OPTION_INTEGER, ""},
        {"b", LOOM_OPTION_BOOLEAN, ""},
        {"r", LOOM_OPTION_REAL, ""}};

    const Checked checked{
        specs,
        "n = \"${LOOM_UNSET:-5}\"\nb = \"${LOOM_UNSET:-true}\"\nr = \"${LOOM_UNSET:-0.5}\"\n"};

    CHECK(checked.options()["n"].integer() == 5);
    CHECK(checked.options()["b"].boolean());
    CHECK(checked.options()["r"].real() == 0.5);
}

TEST_CASE("config/options: wrong types: are told with what is wanted") {
    const auto of = [](std::int32_t type, std::string_view value) {
        return complaint({"o", type, ""}, value);
    };
    const std::string begin = "/l/t.toml:6:5: option \"o\" ";

    CHECK(of(LOOM_OPTION_STRING, "1") == begin + "must be a string, not an integer");
    CHECK(of(LOOM_OPTION_STRING, "[\"a\"]") == begin + "must be a string, not an array");
    CHECK(of(LOOM_OPTION_INTEGER, "\"1\"") == begin + "must be an integer, not a string");
    CHECK(of(LOOM_OPTION_INTEGER, "1.5") == begin + "must be an integer, not a real number");
    CHECK(of(LOOM_OPTION_BOOLEAN, "1") == begin + "must be true or false, not an integer");
    CHECK(of(LOOM_OPTION_REAL, "nan") == begin + "must be a finite number, not a real number");
    CHECK(
        of(LOOM_OPTION_DURATION, "5") ==
        begin + "must be a duration such as \"250ms\" or \"1h30m\", not an integer");
    CHECK(
        of(LOOM_OPTION_DURATION, "\"5\"").starts_with(begin + "is wrong: \"5\" is no duration: "));
    CHECK(of(LOOM_OPTION_SIZE, "\"5mb\"").starts_with(begin + "is wrong: \"5mb\" is no size: "));
    CHECK(of(LOOM_OPTION_SIZE, "-1") == begin + "must not be negative");
    CHECK(
        of(LOOM_OPTION_SIZE, "true") ==
        begin + "must be a size such as \"64MiB\" or 512, not a truth value");
    CHECK(of(LOOM_OPTION_PATH, "\"\"") == begin + "must not be empty");
    CHECK(of(LOOM_OPTION_PATH, "\"a\\u0000b\"") == begin + "must not hold a zero octet");
    CHECK(of(LOOM_OPTION_ENDPOINT, "\"x\"").starts_with(begin + "is wrong: \"x\" is no address: "));
    CHECK(
        of(LOOM_OPTION_NAME, "\"10.0.0.0/23\"") ==
        begin + "must be one zone, but \"10.0.0.0/23\" gives 2; end it between octets (IPv4) or "
                "nibbles (IPv6)");
    CHECK(of(LOOM_OPTION_NAME, "\"a..b\"").starts_with(begin + "is wrong: \"a..b\" is neither "));
    CHECK(of(LOOM_OPTION_TABLE, "1") == begin + "must be a table, not an integer");
    CHECK(of(99, "1") == begin + "is of type 99, which this host does not know; use a newer host");
}

TEST_CASE("config/options: bounds: hold for numbers, durations, sizes and lengths") {
    const std::string begin = "/l/t.toml:6:5: option \"o\" ";
    const auto most = std::numeric_limits<std::int64_t>::max();

    CHECK(
        complaint(OptionSpec{"o", LOOM_OPTION_INTEGER, ""}.between(1, 9), "10") ==
        begin + "must be from 1 to 9, not 10");
    CHECK(
        complaint(OptionSpec{"o", LOOM_OPTION_INTEGER, ""}.between(1, most), "0") ==
        begin + "must be at least 1, not 0");
    CHECK(
        complaint(
            OptionSpec{"o", LOOM_OPTION_DURATION, ""}.between(1'000'000'000, 60'000'000'000),
            "\"2m\"") == begin + "must be from 1s to 1m, not 2m");
    CHECK(
        complaint(OptionSpec{"o", LOOM_OPTION_SIZE, ""}.between(1024, 1 << 20), "\"2MiB\"") ==
        begin + "must be from 1KiB to 1MiB, not 2MiB");
    CHECK(
        complaint(OptionSpec{"o", LOOM_OPTION_STRING, ""}.between(2, 3), "\"x\"") ==
        begin + "has a length that must be from 2 to 3, not 1");
    CHECK(complaint(OptionSpec{"o", LOOM_OPTION_INTEGER, ""}.between(1, 9), "9") == "");
}

TEST_CASE("config/options: choices: are told with the nearest") {
    const auto spec = OptionSpec{"o", LOOM_OPTION_STRING, ""}.one_of("random|round_robin|first");

    CHECK(complaint(spec, "\"first\"") == "");
    CHECK(
        complaint(spec, "\"randm\"") == "/l/t.toml:6:5: option \"o\" cannot be \"randm\"; did you "
                                        "mean \"random\"? Allowed: random, "
                                        "round_robin, first");
}

TEST_CASE("config/options: lists: have a limit, and elements their own places") {
    const auto spec = OptionSpec{"o", LOOM_OPTION_INTEGER, ""}.list(2);

    CHECK(complaint(spec, "[1, 2, 3]") == "/l/t.toml:6:12: option \"o\" has more than 2 values");
    CHECK(
        complaint(spec, "[1, \"x\"]") ==
        "/l/t.toml:6:9: option \"o\" must be an integer, not a string");
    CHECK(
        complaint(OptionSpec{"o", LOOM_OPTION_NAME, ""}.list(3), "\"10.0.0.0/22\"") ==
        "/l/t.toml:6:5: option \"o\" has more than 3 values");
}

TEST_CASE("config/options: unknown and missing options: are told") {
    const OptionSpec inner[] = {
        OptionSpec{"cert", LOOM_OPTION_PATH, "The certificate."}.required()};
    const OptionSpec specs[] = {
        OptionSpec{"path", LOOM_OPTION_PATH, "The zone file."}.required(),
        OptionSpec{"tls", LOOM_OPTION_TABLE, ""}.with(inner)};

    CHECK(
        Checked(specs, "pth = \"x\"\ntls = { crt = 1 }\n").errors() ==
        "/l/t.toml:6:1: plugin \"x\" has no option \"pth\"; did you mean \"path\"? Allowed: path, "
        "tls, plugin, name, on, fallthrough\n"
        "/l/t.toml:7:9: option \"tls\" has no option \"crt\"; did you mean \"cert\"? Allowed: "
        "cert\n"
        "/l/t.toml:7:7: option \"tls\" needs the option \"cert\": The certificate.\n"
        "/l/t.toml:4:1: plugin \"x\" needs the option \"path\": The zone file.");
}

TEST_CASE("config/options: a plugin without options: takes none") {
    CHECK(Checked({}, "").errors() == "");
    CHECK(
        Checked({}, "a = 1").errors() ==
        "/l/t.toml:6:1: plugin \"x\" has no option \"a\"; allowed: plugin, name, on, fallthrough");
}

TEST_CASE("config/options: more than twenty mistakes: the first twenty are told") {
    std::string keys;
    for (int i = 0; i != 50; ++i) keys += "k" + std::to_string(i) + " = 1\n";

    const auto errors = Checked({}, keys).errors();

    CHECK(std::ranges::count(errors, '\n') == 19);
}

TEST_CASE("config/options: an option with a key of the host: is the plugin's mistake") {
    const OptionSpec specs[] = {{"on", LOOM_OPTION_STRING, ""}};

    CHECK(
        Checked(specs, "").errors() ==
        "/l/t.toml:4:1: plugin \"x\" declares an option \"on\", but that key is the host's");
}

TEST_CASE("config/options: declarations of another size: larger ones are read, smaller are not") {
    struct LargerSpec {
        loom_option_spec spec;
        std::uint64_t newer_field;
    };
    LargerSpec specs[] = {
        {OptionSpec{"a", LOOM_OPTION_INTEGER, ""}, 1},
        {OptionSpec{"b", LOOM_OPTION_INTEGER, ""}.by_default("2"), 1}};
    for (auto& one : specs) one.spec.size = sizeof(LargerSpec);
    loom_plugin plugin{};
    plugin.id = loom::str("x");
    plugin.options = &specs[0].spec;
    plugin.option_count = 2;
    StepConfig step;
    step.options = std::make_shared<Table>();

    const auto larger = OptionsBlock::check(step, plugin, {});
    for (auto& one : specs) one.spec.size = sizeof(loom_option_spec) - 8;
    const auto smaller = OptionsBlock::check(step, plugin, {});

    REQUIRE(larger);
    CHECK(loom::Options((*larger)->raw(), &options_service)["b"].integer() == 2);
    REQUIRE_FALSE(smaller);
    CHECK(
        smaller.error().at(0).text ==
        "plugin \"x\" declares its options as this host cannot read them; rebuild it");
}
