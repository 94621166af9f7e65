// SPDX-License-Identifier: Apache-2.0
// What erratic says when it says something: fixed addresses, and a small zone for transfers.
#pragma once

#include <dnsloom/plugin.hpp>

#include <cstdint>

namespace loom::erratic {

/// How an answer is put together.
struct Shape {
    bool truncated = false;
    bool large = false;  ///< 29 more addresses.
};

/// A, AAAA and AXFR get an answer, other types SERVFAIL. A truncated transfer lacks the SOA record
/// at its end (RFC 5936 section 2.2); any other truncated answer is empty and has TC set.
loom_verdict answer(Query& query, Shape shape);

}  // namespace loom::erratic
