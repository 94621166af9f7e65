// SPDX-License-Identifier: Apache-2.0
// Makes an upstream's reply the response of a query.
#pragma once

#include "octets_pool.hpp"
#include "reply_check.hpp"

#include <dnsloom/query.hpp>

namespace loom::forward {

/// Hands `reply` on without its OPT record, which is between the upstream and us; the extended
/// errors in it are for the client, too. `checked` is what check_reply() said of it. Changes the
/// octets. False if there is no response: malformed rdata, or no memory.
[[nodiscard]] bool deliver(loom::Query& query, Octets& reply, const CheckedReply& checked);

}  // namespace loom::forward
