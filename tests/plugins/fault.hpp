// SPDX-License-Identifier: Apache-2.0
// The faults that the subject shows on demand: in its configuration, or written into its file.
#pragma once

#include <dnsloom/options.hpp>

#include <string>
#include <string_view>

namespace loom::test {

/// What the file says; empty: none.
std::string file_fault();

inline bool fault_is(std::string_view name) { return file_fault() == name; }

/// Fails a constructor in the way that `fault` names: create_error, create_throws, create_aborts,
/// create_hangs, thread_leaks, thread_local.
void run_create_fault(const std::string& fault, const Options& settings);

}  // namespace loom::test
