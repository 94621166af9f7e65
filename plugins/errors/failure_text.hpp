// SPDX-License-Identifier: Apache-2.0
// Why a query failed, in words.
#pragma once

#include <dnsloom/options.hpp>

#include <string>
#include <string_view>

namespace loom::errors {

/// From the extended errors (RFC 8914) among a response's EDNS options, one after the other; without
/// any of them from `upstream`, the server that said SERVFAIL, if there was one. The texts are
/// whoever's: escape them where they are printed.
std::string failure_text(Bytes options, std::string_view upstream);

}  // namespace loom::errors
