// SPDX-License-Identifier: Apache-2.0
// Decides about a plugin's file before any of its code runs. The dynamic loader is no validator: it
// dies with SIGBUS on most files that are cut short, and takes objects that it can never unload.
#pragma once

#include "../config/error.hpp"
#include "octet_source.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace loom::host {

/// What a plugin's file says about itself.
struct PluginFile {
    std::string id;       ///< Of the first plugin in it, as in its note.
    std::string version;  ///< Likewise.
    std::uint16_t abi_major = 0;
    std::uint16_t abi_minor = 0;        ///< The smallest host minor that it needs.
    std::uint32_t plugin_size = 0;      ///< sizeof(loom_plugin) as it was compiled.
    std::string build_id;               ///< In hexadecimal; empty if it has none.
    std::vector<std::string> needed;    ///< The libraries it is linked with.
    std::vector<std::string> warnings;  ///< What may bite later; sentences without the file's name.
    bool starts_threads = false;            ///< It, or a library that it needs, may.
    bool thread_local_destructors = false;  ///< May keep it mapped; see Library::close().
};

/// Checks an ELF file of any content. The error is one line: `PLACE: ` with the reason and a
/// remedy.
[[nodiscard]] Result<PluginFile> check_elf(const OctetSource& octets, std::string_view place);

/// The same for a file, which should be a private copy: one that nobody changes any more.
[[nodiscard]] Result<PluginFile> check_elf_file(const std::filesystem::path& path);

}  // namespace loom::host
