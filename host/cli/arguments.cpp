// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"

#include "../config/error.hpp"
#include "../config/suggest.hpp"
#include "help.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace loom::host {
namespace {

using Arguments = std::span<const std::string_view>;
using Parsed = std::expected<Command, std::string>;

/// An option that takes a value.
struct Option {
    std::string_view name;    ///< `--config`
    std::string_view letter;  ///< `-c`
    std::string* value;
};

/// What a command's arguments consist of.
struct Split {
    std::vector<std::string> words;
    bool help = false;
};

/// What may follow the first word: for `ctl` another program's business.
enum class Dashes : std::uint8_t { are_options, may_be_words };

std::unexpected<std::string> usage_error(std::string_view command, std::string_view text) {
    return std::unexpected{fmt::format(
        "dnsloom: {}\nTry \"dnsloom {}{}--help\".", text, command, command.empty() ? "" : " ")};
}

std::string
unknown(std::string_view what, std::string_view word, std::span<const std::string_view> known) {
    return fmt::format("no {} {}{}", what, quoted(word), suggestion(word, known));
}

/// Parts arguments into options, whose values it stores, and words.
class Splitter {
public:
    Splitter(
        std::string_view command,
        Arguments arguments,
        std::span<const Option> options,
        Dashes dashes)
        : command_{command}, rest_{arguments}, options_{options}, dashes_{dashes} {}

    std::expected<Split, std::string> split() {
        while (!rest_.empty()) {
            const auto argument = take();
            if (argument == "--") {
                out_.words.insert(out_.words.end(), rest_.begin(), rest_.end());
                break;
            }
            if (argument == "-h" || argument == "--help") {
                out_.help = true;
                break;
            }
            if (argument.size() < 2 || argument.front() != '-') {
                out_.words.emplace_back(argument);
                continue;
            }
            if (auto problem = read_option(argument)) return usage_error(command_, *problem);
        }
        return std::move(out_);
    }

private:
    std::string_view take() {
        const auto first = rest_.front();
        rest_ = rest_.subspan(1);
        return first;
    }

    /// `--name VALUE`, `--name=VALUE` or `-n VALUE`; a complaint if it is wrong.
    std::optional<std::string> read_option(std::string_view argument) {
        const auto equals =
            argument.starts_with("--") ? argument.find('=') : std::string_view::npos;
        const auto name = argument.substr(0, equals);
        const auto found = std::ranges::find_if(
            options_, [&](const Option& o) { return o.name == name || o.letter == name; });
        if (found == options_.end()) {
            if (dashes_ == Dashes::are_options || out_.words.empty()) return unknown_option(name);
            out_.words.emplace_back(argument);
            return std::nullopt;
        }
        if (equals == std::string_view::npos && rest_.empty()) {
            return fmt::format("{} needs a value", name);
        }
        const auto value = equals == std::string_view::npos ? take() : argument.substr(equals + 1);
        if (value.empty()) return fmt::format("the value of {} is empty", name);
        *found->value = value;
        return std::nullopt;
    }

    std::string unknown_option(std::string_view name) const {
        std::vector<std::string_view> known;
        for (const Option& option : options_) {
            known.push_back(option.letter);
            known.push_back(option.name);
        }
        known.push_back("-h");
        known.push_back("--help");
        return unknown("option", name, known);
    }

    std::string_view command_;
    Arguments rest_;
    std::span<const Option> options_;
    Dashes dashes_;
    Split out_;
};

Option config_option(std::string& value) { return {"--config", "-c", &value}; }

/// For commands whose only argument is the configuration.
template <class T>
Parsed parse_with_config(std::string_view command, Arguments arguments, std::string_view help) {
    T parsed;
    const std::array options{config_option(parsed.config)};
    const auto split = Splitter{command, arguments, options, Dashes::are_options}.split();
    if (!split) return std::unexpected{split.error()};
    if (split->help) return HelpCommand{help};
    if (split->words.empty()) return parsed;
    return usage_error(
        command,
        fmt::format(
            "{} takes no argument {}; give the configuration with -c",
            command,
            quoted(split->words.front())));
}

Parsed parse_run(Arguments arguments) {
    return parse_with_config<RunCommand>("run", arguments, run_help);
}

Parsed parse_check(Arguments arguments) {
    return parse_with_config<CheckCommand>("check", arguments, check_help);
}

Parsed parse_plugin_list(Arguments arguments) {
    return parse_with_config<PluginListCommand>("plugin list", arguments, plugin_list_help);
}

Parsed parse_plugin_inspect(Arguments arguments) {
    constexpr std::string_view command = "plugin inspect";
    auto split = Splitter{command, arguments, {}, Dashes::are_options}.split();
    if (!split) return std::unexpected{split.error()};
    if (split->help) return HelpCommand{plugin_inspect_help};
    if (split->words.size() != 1) {
        return usage_error(
            command, fmt::format("{} takes one plugin file, not {}", command, split->words.size()));
    }
    return PluginInspectCommand{std::move(split->words.front())};
}

Parsed parse_ctl(Arguments arguments) {
    constexpr std::string_view command = "ctl";
    ControlCommand parsed;
    const std::array options{
        Option{"--socket", "-s", &parsed.socket}, config_option(parsed.config)};
    auto split = Splitter{command, arguments, options, Dashes::may_be_words}.split();
    if (!split) return std::unexpected{split.error()};
    if (split->help) return HelpCommand{ctl_help};
    if (split->words.empty()) return usage_error(command, "ctl needs a command such as status");
    parsed.words = std::move(split->words);
    return parsed;
}

Parsed parse_probe(Arguments arguments) {
    return ProbeCommand{{arguments.begin(), arguments.end()}};
}

struct Subcommand {
    std::string_view name;
    Parsed (*parse)(Arguments);
};

constexpr std::array plugin_commands{
    Subcommand{"list", parse_plugin_list}, Subcommand{"inspect", parse_plugin_inspect}};

template <std::size_t N>
std::array<std::string_view, N> names_of(const std::array<Subcommand, N>& commands) {
    std::array<std::string_view, N> names;
    std::ranges::transform(commands, names.begin(), &Subcommand::name);
    return names;
}

Parsed parse_plugin(Arguments arguments) {
    if (arguments.empty()) return usage_error("plugin", "plugin needs a command: list or inspect");
    const auto word = arguments.front();
    if (word == "-h" || word == "--help") return HelpCommand{plugin_help};
    const auto found = std::ranges::find(plugin_commands, word, &Subcommand::name);
    if (found != plugin_commands.end()) return found->parse(arguments.subspan(1));
    return usage_error("plugin", unknown("plugin command", word, names_of(plugin_commands)));
}

constexpr std::array main_commands{
    Subcommand{"run", parse_run},
    Subcommand{"check", parse_check},
    Subcommand{"plugin", parse_plugin},
    Subcommand{"ctl", parse_ctl}};

}  // namespace

Parsed parse_arguments(Arguments arguments) {
    if (arguments.empty()) {
        return usage_error("", "needs a command: run, check, plugin list, plugin inspect or ctl");
    }
    const auto word = arguments.front();
    const auto rest = arguments.subspan(1);
    if (word == "-h" || word == "--help") return HelpCommand{main_help};
    if (word == "-V" || word == "--version") return VersionCommand{};
    if (word == "probe") return parse_probe(rest);
    const auto found = std::ranges::find(main_commands, word, &Subcommand::name);
    if (found != main_commands.end()) return found->parse(rest);
    if (!word.starts_with('-')) {
        return usage_error("", unknown("command", word, names_of(main_commands)));
    }
    constexpr std::array<std::string_view, 2> known = {"--help", "--version"};
    return usage_error(
        "", unknown("option", word, known) + "; options of a command follow its name");
}

Parsed parse_arguments(int argc, const char* const* argv) {
    std::vector<std::string_view> arguments;
    for (int i = 1; i < argc; ++i) arguments.emplace_back(argv[i]);
    return parse_arguments(arguments);
}

}  // namespace loom::host
