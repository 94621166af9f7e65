// SPDX-License-Identifier: Apache-2.0
// Why a reload failed, in a word.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace loom::host {

/// The values of label `reason` of dnsloom_host_reload_failures_total. Only added to.
enum class Failure : std::uint8_t {
    config,          ///< A file cannot be read or has mistakes, options of plugins included.
    plugin_missing,  ///< There is no such plugin, or its file cannot be read.
    plugin_copy,     ///< No private copy can be made: disk full, or the file keeps changing.
    plugin_damaged,  ///< The file is no plugin, is cut short, or the dynamic loader refuses it.
    plugin_abi,      ///< It is made for another ABI, or needs a service that is not offered.
    plugin_crashed,  ///< It crashed, threw or hung when it was tried in a child process.
    create,          ///< Its create() refuses.
    start,           ///< Its worker_init() or start() refuses.
    bind             ///< A socket cannot be opened.
};

inline constexpr std::array<std::string_view, 9> failure_names{
    "config",         "plugin_missing", "plugin_copy", "plugin_damaged", "plugin_abi",
    "plugin_crashed", "create",         "start",       "bind"};

constexpr std::string_view to_string(Failure failure) {
    return failure_names[static_cast<std::size_t>(failure)];
}

}  // namespace loom::host
