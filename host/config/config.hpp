// SPDX-License-Identifier: Apache-2.0
// The configuration as plain structs, and how they are read from TOML files.
#pragma once

#include "endpoint.hpp"
#include "error.hpp"
#include "place.hpp"
#include "zone_names.hpp"

#include <dnsloom/dns/name.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loom::host {

struct Table;  // value.hpp

enum class LogLevel : std::uint8_t { debug, info, warning, error };
enum class LogFormat : std::uint8_t { text, json };

/// The keys of [host]. Paths are absolute.
struct HostConfig {
    /// Searched in order, "cache" means cache.so; empty: where the plugins are installed.
    std::vector<std::string> plugin_path;
    std::uint32_t workers = 0;             ///< 0: one per core.
    std::string control = "/run/dnsloom/control.sock";  ///< Unix socket; empty: none.
    std::string user;  ///< Dropped to after the sockets are bound; empty: kept.
    std::string group;
    /// Where private copies of plugins go. Not below /run: Debian mounts that noexec.
    std::string run_dir = "/var/lib/dnsloom";
    bool watch = true;                     ///< Reload when a configuration or plugin file changes.
    std::chrono::nanoseconds debounce = std::chrono::milliseconds{250};
    std::chrono::nanoseconds drain_timeout = std::chrono::seconds{10};
    std::chrono::nanoseconds query_timeout = std::chrono::seconds{10};
    LogLevel log_level = LogLevel::info;
    LogFormat log_format = LogFormat::text;
    std::uint16_t udp_size = 1232;         ///< Of the largest UDP reply.
    std::uint32_t tcp_connections = 1024;  ///< Per worker.
    std::chrono::nanoseconds tcp_idle_timeout = std::chrono::seconds{10};
    std::uint32_t tcp_pipeline = 128;  ///< Queries in flight per connection.
    std::uint32_t queries = 16384;     ///< Suspended queries per worker.
    bool keep_plugins = false;         ///< Never unmap a plugin: for debuggers and profilers.
    bool probe = true;                 ///< Try new plugin code in a child process before a reload.
    bool test_clock = false;           ///< Let `dnsloom ctl clock` move the clock.
};

/// What the host does with an outcome of a plugin.
enum class Outcome : std::uint8_t {
    stop,  ///< It is the answer.
    next,  ///< It is set aside, and the next plugin is asked.
};

struct OutcomeRules {
    Outcome nxdomain = Outcome::stop;
    Outcome nodata = Outcome::stop;
    Outcome refused = Outcome::stop;
    Outcome servfail = Outcome::stop;
};

/// One step of a server's pipeline.
struct StepConfig {
    std::string plugin;     ///< A name to be looked for in HostConfig.plugin_path.
    std::string name;       ///< Of the instance; empty: not given.
    Place place;            ///< Of the step.
    std::string directory;  ///< Of its file, absolute: what relative paths in options start from.
    /// The plugin's own keys, for OptionsBlock. Never null.
    std::shared_ptr<const Table> options;
    OutcomeRules on;
    /// The zones in which `on` holds; empty: in all. `fallthrough` without `on` means that nxdomain
    /// goes on to the next plugin.
    std::vector<dns::Name> fallthrough;

    /// Plugin, instance name, directory, options and the zones of the server in a canonical form:
    /// an instance whose identity is the same after a reload is unchanged. `on` and `fallthrough`
    /// are the host's and so no part of it.
    std::string identity(const ZoneNames& zones) const;
};

/// One [[server]].
struct ServerConfig {
    std::string
        name;  ///< Unique; by default first listener and zone: `dns://0.0.0.0:53/example.org.`
    Place place;
    std::vector<Listen> listen;        ///< At least one.
    ZoneNames zones;                   ///< At least one; lower case, none twice.
    std::vector<StepConfig> pipeline;  ///< At least one.
};

/// Two servers have a zone on the same listener: fine if a plugin of the first may leave queries to
/// others (LOOM_ROLE_SELECTS), which is known when the plugins are.
struct SharedZone {
    std::size_t server = 0;  ///< Index of the first.
    Error error;             ///< What is to be said otherwise.
};

struct Config {
    HostConfig host;
    std::vector<ServerConfig> servers;  ///< Of the main file, then of what it includes.
    std::vector<std::string> files;     ///< All that were read, the main file first. To be watched.
    std::vector<SharedZone> shared_zones;  ///< At most mistakes_max a server.
    /// Where `include` patterns looked: a file that comes or goes there may be a change.
    std::vector<std::string> include_directories;
};

/// What reading a configuration needs from the system; tests give their own.
struct ConfigSource {
    std::function<Result<std::string>(const std::string& path)> read;
    /// The files that match a glob pattern, sorted.
    std::function<std::vector<std::string>(const std::string& pattern)> match;
    std::function<std::optional<std::string>(const std::string& name)> variable;
};

/// Files and environment of this process.
[[nodiscard]] ConfigSource system_source();

/// Reads the file and what it includes. The error has a line for each of the first 20 mistakes.
[[nodiscard]] Result<Config> load_config(const std::string& path);
[[nodiscard]] Result<Config> load_config(const std::string& path, const ConfigSource& source);

/// The same with a text that stands for the file `path`. It can include nothing.
[[nodiscard]] Result<Config> parse_config(std::string_view text, const std::string& path);

}  // namespace loom::host
