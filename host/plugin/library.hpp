// SPDX-License-Identifier: Apache-2.0
// A plugin's shared object in the process.
#pragma once

#include "../config/error.hpp"
#include "elf_check.hpp"

#include <dnsloom/abi/plugin.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace loom::host {

enum class UnloadPolicy {
    unmap,
    keep,  ///< Code stays mapped until the process ends, for debuggers and sanitizers.
};

/// Sanitizers name the frames of a leak at the end of the process: by then unloaded code has no
/// names any more.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr UnloadPolicy default_unload_policy = UnloadPolicy::keep;
#else
inline constexpr UnloadPolicy default_unload_policy = UnloadPolicy::unmap;
#endif

struct UnloadResult {
    enum class Outcome {
        unmapped,
        pinned,  ///< Still mapped although nobody wants it. Its file must stay as it is.
        kept,    ///< By UnloadPolicy::keep.
    };
    Outcome outcome = Outcome::unmapped;
    std::string reason;  ///< What pins it, as far as can be told; else empty.
};

/// One loaded object whose exported data has been checked. Everything that the data points to is
/// valid until close(). For the control thread.
class Library {
public:
    /// Loads `copy`, a file of a name that this process never loaded before (private_copy.hpp),
    /// of which check_elf_file() said `file`. Static initializers of the plugin run here.
    [[nodiscard]] static Result<Library>
    open(const std::filesystem::path& copy, const PluginFile& file, UnloadPolicy policy);

    Library(Library&&) noexcept;
    Library& operator=(Library&&) = delete;
    /// Closes, if that was not done.
    ~Library();

    /// At least one. Tables of older plugins are filled up with zeros.
    [[nodiscard]] std::span<const loom_plugin* const> plugins() const;
    /// Null if the object has no plugin of that id.
    [[nodiscard]] const loom_plugin* find(std::string_view id) const;

    [[nodiscard]] const std::filesystem::path& path() const;
    [[nodiscard]] const PluginFile& file() const;
    /// Where it is mapped: with path and build id in the log, addresses of a crash can be read.
    [[nodiscard]] std::uintptr_t base_address() const;

    /// Unloads and finds out whether the code really went. No instance of a plugin in it may be
    /// left. Where a thread that a plugin started may still run in it, it stays mapped. Once; later
    /// calls give the same.
    UnloadResult close();

private:
    struct Loaded;
    explicit Library(std::unique_ptr<Loaded> loaded);

    std::unique_ptr<Loaded> loaded_;
};

}  // namespace loom::host
