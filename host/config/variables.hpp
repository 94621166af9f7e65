// SPDX-License-Identifier: Apache-2.0
// `${VAR}` in all strings of a table.
#pragma once

#include "expand.hpp"
#include "mistakes.hpp"
#include "value.hpp"

namespace loom::host {

/// Expands the variables in the strings of `table`, those in arrays and inner tables included.
void expand_all(Table& table, const VariableLookup& lookup, Mistakes& mistakes);

}  // namespace loom::host
