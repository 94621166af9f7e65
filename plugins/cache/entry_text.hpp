// SPDX-License-Identifier: Apache-2.0
// An entry for the eyes of an operator.
#pragma once

#include "layout.hpp"

#include <cstdint>
#include <string>

namespace loom::cache {

/// A line that begins with a semicolon and tells the question and what else is known, and then a line
/// for each record as in a zone file, with the TTLs of now. Past its end the TTLs are 0.
void append_text(const Entry& entry, std::uint64_t now_ns, std::string& out);

}  // namespace loom::cache
