// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace loom::host;

namespace {

std::expected<Command, std::string> parse(std::initializer_list<std::string_view> arguments) {
    return parse_arguments(std::span{arguments.begin(), arguments.size()});
}

template <class T>
T parsed(std::initializer_list<std::string_view> arguments) {
    const auto command = parse(arguments);
    REQUIRE_MESSAGE(command, (command ? "" : command.error()));
    REQUIRE(std::holds_alternative<T>(*command));
    return std::get<T>(*command);
}

std::string error(std::initializer_list<std::string_view> arguments) {
    const auto command = parse(arguments);
    return command ? std::string{} : command.error();
}

std::string_view help(std::initializer_list<std::string_view> arguments) {
    return parsed<HelpCommand>(arguments).text;
}

}  // namespace

TEST_CASE("cli/arguments: commands without options: use the default configuration") {
    CHECK(parsed<RunCommand>({"run"}).config == "/etc/dnsloom/dnsloom.toml");
    CHECK(parsed<CheckCommand>({"check"}).config == "/etc/dnsloom/dnsloom.toml");
    CHECK(parsed<PluginListCommand>({"plugin", "list"}).config == "/etc/dnsloom/dnsloom.toml");
}

TEST_CASE("cli/arguments: the configuration: is given in each of the usual ways") {
    CHECK(parsed<RunCommand>({"run", "-c", "a.toml"}).config == "a.toml");
    CHECK(parsed<RunCommand>({"run", "--config", "a.toml"}).config == "a.toml");
    CHECK(parsed<CheckCommand>({"check", "--config=a=b.toml"}).config == "a=b.toml");
    CHECK(parsed<PluginListCommand>({"plugin", "list", "-c", "-"}).config == "-");
}

TEST_CASE("cli/arguments: plugin inspect: takes one file") {
    CHECK(parsed<PluginInspectCommand>({"plugin", "inspect", "a.so"}).file == "a.so");
    CHECK(parsed<PluginInspectCommand>({"plugin", "inspect", "--", "-a.so"}).file == "-a.so");
    CHECK(
        error({"plugin", "inspect"}) ==
        "dnsloom: plugin inspect takes one plugin file, not 0\nTry \"dnsloom plugin inspect "
        "--help\".");
}

TEST_CASE("cli/arguments: ctl: passes words on and takes options anywhere") {
    const auto command =
        parsed<ControlCommand>({"ctl", "-s", "/s", "clock", "-5s", "-c", "a.toml"});

    CHECK(command.socket == "/s");
    CHECK(command.config == "a.toml");
    CHECK(command.words == std::vector<std::string>{"clock", "-5s"});
    CHECK(parsed<ControlCommand>({"ctl", "status"}).socket.empty());
    CHECK(
        parsed<ControlCommand>({"ctl", "x", "--", "-s", "--help"}).words ==
        std::vector<std::string>{"x", "-s", "--help"});
}

TEST_CASE("cli/arguments: probe: is passed on as it is") {
    CHECK(
        parsed<ProbeCommand>({"probe", "--help", "x"}).arguments ==
        std::vector<std::string>{"--help", "x"});
}

TEST_CASE("cli/arguments: help and version: are there for the program and each command") {
    CHECK(help({"--help"}).starts_with("Usage: dnsloom COMMAND"));
    CHECK(help({"-h"}) == help({"--help"}));
    CHECK(help({"run", "--help"}).starts_with("Usage: dnsloom run"));
    CHECK(help({"check", "-h"}).starts_with("Usage: dnsloom check"));
    CHECK(help({"plugin", "--help"}).starts_with("Usage: dnsloom plugin list"));
    CHECK(help({"plugin", "list", "--help"}).starts_with("Usage: dnsloom plugin list"));
    CHECK(help({"plugin", "inspect", "-h"}).starts_with("Usage: dnsloom plugin inspect"));
    CHECK(help({"ctl", "status", "--help"}).starts_with("Usage: dnsloom ctl"));
    for (const auto* word : {"status", "plugins", "metrics", "reload", "stop", "clock"}) {
        CAPTURE(word);
        CHECK(help({"ctl", "--help"}).find(word) != std::string_view::npos);
    }
    CHECK(help({"--help"}).find("probe") == std::string_view::npos);
    parsed<VersionCommand>({"--version"});
    parsed<VersionCommand>({"-V"});
}

TEST_CASE("cli/arguments: mistakes: are told with the nearest spelling and a hint") {
    CHECK(
        error({}) ==
        "dnsloom: needs a command: run, check, plugin list, plugin inspect or ctl\nTry \"dnsloom "
        "--help\".");
    CHECK(
        error({"chekc"}) ==
        "dnsloom: no command \"chekc\"; did you mean \"check\"? Allowed: run, check, plugin, ctl\n"
        "Try \"dnsloom --help\".");
    CHECK(
        error({"run", "--confg", "x"}) ==
        "dnsloom: no option \"--confg\"; did you mean \"--config\"? Allowed: -c, --config, -h, "
        "--help\nTry \"dnsloom run --help\".");
    CHECK(error({"run", "-c"}) == "dnsloom: -c needs a value\nTry \"dnsloom run --help\".");
    CHECK(
        error({"run", "--config="}) ==
        "dnsloom: the value of --config is empty\nTry \"dnsloom run --help\".");
    CHECK(
        error({"check", "a.toml"}) == "dnsloom: check takes no argument \"a.toml\"; give the "
                                      "configuration with -c\nTry \"dnsloom "
                                      "check --help\".");
    CHECK(
        error({"plugin", "lst"}) ==
        "dnsloom: no plugin command \"lst\"; did you mean \"list\"? Allowed: list, inspect\nTry "
        "\"dnsloom plugin --help\".");
    CHECK(
        error({"plugin"}) ==
        "dnsloom: plugin needs a command: list or inspect\nTry \"dnsloom plugin --help\".");
    CHECK(
        error({"ctl"}) ==
        "dnsloom: ctl needs a command such as status\nTry \"dnsloom ctl --help\".");
    CHECK(
        error({"ctl", "-x", "status"}) ==
        "dnsloom: no option \"-x\"; allowed: -s, --socket, -c, --config, -h, --help\nTry \"dnsloom "
        "ctl --help\".");
    CHECK(
        error({"-c", "x", "run"}) ==
        "dnsloom: no option \"-c\"; allowed: --help, --version; options of a command follow its "
        "name\nTry \"dnsloom --help\".");
}

TEST_CASE("cli/arguments: main()'s arguments: the first is the program") {
    const char* const argv[] = {"dnsloom", "run"};

    const auto command = parse_arguments(2, argv);

    REQUIRE(command);
    CHECK(std::holds_alternative<RunCommand>(*command));
    CHECK_FALSE(parse_arguments(0, nullptr));
}
