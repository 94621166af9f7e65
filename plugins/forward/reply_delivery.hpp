// SPDX-License-Identifier: Apache-2.0
// Makes an upstream's reply the response of a query.
#pragma once

#include "octets_pool.hpp"
#include "reply_check.hpp"

#include <dnsloom/dns/edns.hpp>
#include <dnsloom/query.hpp>

#include <optional>

namespace loom::forward {

/// Hands `reply` on without its OPT record, which is between the upstream and us. Of its options,
/// extended errors are for the client, too, and so is the scope of `subnet`, the client subnet that
/// was sent: it comes with the subnet of the question, or else with the one that was sent, for a
/// cache in front. Owners that are the question's name get its spelling. `checked` is what
/// check_reply() said of the reply. Changes the octets. False if there is no response: malformed
/// rdata, or no memory.
[[nodiscard]] bool deliver(
    loom::Query& query,
    Octets& reply,
    const CheckedReply& checked,
    const std::optional<dns::ClientSubnet>& subnet);

}  // namespace loom::forward
