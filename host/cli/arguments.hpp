// SPDX-License-Identifier: Apache-2.0
// The command line.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace loom::host {

inline constexpr std::string_view default_config_file = "/etc/dnsloom/dnsloom.toml";

/// `dnsloom run`: serve.
struct RunCommand {
    std::string config{default_config_file};
};

/// `dnsloom check`: everything of a start but sockets and start().
struct CheckCommand {
    std::string config{default_config_file};
};

/// `dnsloom plugin list`
struct PluginListCommand {
    std::string config{default_config_file};
};

/// `dnsloom plugin inspect FILE.so`
struct PluginInspectCommand {
    std::string file;
};

/// `dnsloom ctl COMMAND ARGS...`: talks to a running host.
struct ControlCommand {
    std::string socket;  ///< Empty: what the configuration says.
    std::string config{default_config_file};
    std::vector<std::string> words;  ///< At least one.
};

/// `dnsloom probe ...`: the host's own helper process; not in the help.
struct ProbeCommand {
    std::vector<std::string> arguments;
};

/// `--version`
struct VersionCommand {};

/// `--help`: print `text`.
struct HelpCommand {
    std::string_view text;
};

using Command = std::variant<
    RunCommand,
    CheckCommand,
    PluginListCommand,
    PluginInspectCommand,
    ControlCommand,
    ProbeCommand,
    VersionCommand,
    HelpCommand>;

/// What the process exits with when the command line is wrong.
inline constexpr int usage_exit_code = 2;

/// `arguments` is argv without the program's name. The error is the text for stderr, hint included,
/// without a newline at its end.
[[nodiscard]] std::expected<Command, std::string>
parse_arguments(std::span<const std::string_view> arguments);
/// The same from main()'s arguments.
[[nodiscard]] std::expected<Command, std::string>
parse_arguments(int argc, const char* const* argv);

}  // namespace loom::host
