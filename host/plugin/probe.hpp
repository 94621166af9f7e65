// SPDX-License-Identifier: Apache-2.0
// Tries plugin code in a child process first: a static initializer that aborts or hangs, or a
// crash in create(), then is an exit status and no outage.
#pragma once

#include "../config/error.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace loom::host {

struct ProbeLimits {
    std::chrono::milliseconds time{10'000};  ///< Then the child is killed.
    std::size_t text_size_max = 16 * 1024;   ///< More of its standard error is thrown away.
};

struct ProbeResult {
    enum class Outcome {
        ok,       ///< It ended with status 0.
        refused,  ///< With another; `text` tells why.
        crashed,  ///< A signal ended it.
        hung,     ///< It was killed at the limit.
    };
    Outcome outcome = Outcome::ok;
    std::string
        text;  ///< What it wrote to standard error, printable, without a newline at the end.
    std::string signal;  ///< Of `crashed`: "SIGSEGV" and the like.
    int status = 0;      ///< Of `ok` and `refused`: its exit status.
};

/// Runs this executable again with `arguments` (without argv[0]) and waits for its end, at most
/// limits.time. An error means that it could not be started.
[[nodiscard]] Result<ProbeResult>
probe(std::span<const std::string> arguments, const ProbeLimits& limits = {});

/// The same for any `executable`. The child has no descriptors but /dev/null as input and output
/// and a pipe as standard error, default signal handling, a process group of its own, which dies
/// with it. Blocks the caller; any thread.
[[nodiscard]] Result<ProbeResult> run_child(
    const std::filesystem::path& executable,
    std::span<const std::string> arguments,
    const ProbeLimits& limits = {});

/// What the child calls first: a crash of the plugin must not fill the disk.
void forbid_core_files();

/// `text` for a log or a command's answer: what happened and the child's words.
[[nodiscard]] std::string describe(const ProbeResult& result, const ProbeLimits& limits = {});

}  // namespace loom::host
