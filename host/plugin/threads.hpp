// SPDX-License-Identifier: Apache-2.0
// The threads of this process: code must not be unmapped while one may run in it.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include <sys/types.h>

namespace loom::host {

/// The ids of all threads but those that are just ending: pthread_join() returns a little before
/// the kernel has done with its thread.
[[nodiscard]] std::set<pid_t> running_threads();

/// Whether the thread is in code of the mapped file `path`, or returns to it: looks at the return
/// addresses on its stack while it waits in the kernel. True also where that cannot be told.
[[nodiscard]] bool may_run_in(pid_t thread, const std::filesystem::path& path);

/// As `ps -T` shows it; empty if the thread is gone.
[[nodiscard]] std::string thread_name(pid_t thread);

}  // namespace loom::host
