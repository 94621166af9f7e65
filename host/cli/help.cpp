// SPDX-License-Identifier: Apache-2.0
#include "help.hpp"

namespace loom::host {

const std::string_view main_help = R"(Usage: dnsloom COMMAND [OPTIONS]

A DNS server whose features are plugins.

Commands:
  run             Serve DNS.
  check           Check a configuration with its plugins, without serving.
  plugin list     List the plugins that a configuration can use.
  plugin inspect  Show what a plugin file declares, without running its code.
  ctl             Talk to a running dnsloom: status, plugins, commands, metrics, reload ...

Options:
  -h, --help      Show this help; after a command, that command's.
  -V, --version   Show the version.

Exit status: 0 if all is well, 1 if something failed, 2 if the command line is wrong.
)";

const std::string_view run_help = R"(Usage: dnsloom run [-c FILE]

Serves DNS in the foreground. SIGHUP reloads the configuration; SIGTERM and SIGINT stop.

Options:
  -c, --config FILE  The configuration; /etc/dnsloom/dnsloom.toml by default.
  -h, --help         Show this help.
)";

const std::string_view check_help = R"(Usage: dnsloom check [-c FILE]

Reads the configuration, loads its plugins and checks their options, as a start would, but opens
no socket. Says what is wrong and where.

Options:
  -c, --config FILE  The configuration; /etc/dnsloom/dnsloom.toml by default.
  -h, --help         Show this help.
)";

const std::string_view plugin_help = R"(Usage: dnsloom plugin list [-c FILE]
       dnsloom plugin inspect FILE.so

Commands:
  list     List the plugins that a configuration can use.
  inspect  Show what a plugin file declares, without running its code.
)";

const std::string_view plugin_list_help = R"(Usage: dnsloom plugin list [-c FILE]

Lists the plugins in the directories of plugin_path.

Options:
  -c, --config FILE  The configuration; /etc/dnsloom/dnsloom.toml by default.
  -h, --help         Show this help.
)";

const std::string_view plugin_inspect_help = R"(Usage: dnsloom plugin inspect FILE.so

Shows what a plugin file declares: its id, version, options and hooks. None of its code is run.

Options:
  -h, --help  Show this help.
)";

const std::string_view ctl_help = R"(Usage: dnsloom ctl [-s SOCKET | -c FILE] COMMAND [ARGUMENTS]

Sends a command to a running dnsloom and shows its reply.

Commands:
  status    What runs: version, uptime, servers, generation.
  plugins   The plugins that are loaded.
  commands  The commands of plugins, one in a line. `ctl PLUGIN COMMAND` runs one in all
            instances of a plugin, `ctl INSTANCE COMMAND` in one of them.
  metrics   The metrics as text.
  reload    Read the configuration again and swap to it.
  stop      Stop, once the queries in flight are answered.
  clock     Move the clock; only where the configuration has test_clock = true.

Options:
  -s, --socket SOCKET  The control socket; what the configuration says by default.
  -c, --config FILE    The configuration; /etc/dnsloom/dnsloom.toml by default.
  -h, --help           Show this help.

What follows "--" is passed on as it is.
)";

}  // namespace loom::host
