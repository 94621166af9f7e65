// SPDX-License-Identifier: Apache-2.0
// Which EDNS options of a query go on to the upstream.
#pragma once

#include "outgoing_query.hpp"

#include <dnsloom/abi/query.h>
#include <dnsloom/dns/edns.hpp>

#include <cstdint>
#include <optional>

namespace loom::forward {

/// What becomes of the client subnet (RFC 7871).
struct SubnetRule {
    enum class Kind : std::uint8_t {
        strip,  ///< The client's is not sent.
        pass,   ///< The client's is sent, with no more bits than below.
        add,    ///< And one is made of the client's address if it sent none.
    };
    Kind kind = Kind::strip;
    std::uint8_t prefix4 = 24;
    std::uint8_t prefix6 = 56;
};

enum class OptionsFault : std::uint8_t {
    none,
    malformed_subnet,  ///< Of the client: answer FORMERR (RFC 7871 section 7.1.2).
    no_room,           ///< Plugins in front have set too many.
};

/// Whether add_options() has anything to do.
inline bool has_options(const loom_query& query, const SubnetRule& rule) {
    return query.edns_options.size != 0 || rule.kind == SubnetRule::Kind::add;
}

/// Adds to `out` the options that plugins in front have put into the question, and the client
/// subnet. `sent` becomes the subnet that is sent, if one is.
///
/// An option that the client sent itself is between it and us, and stays here. A plugin may have set
/// an option for local use (RFC 6891 section 9) to the very value that the client sent, which must
/// not keep it from going out: so once plugins have changed the question, all options for local use
/// are taken for theirs.
[[nodiscard]] OptionsFault add_options(
    OutgoingQuery& out,
    const loom_query& query,
    const SubnetRule& rule,
    std::optional<dns::ClientSubnet>& sent);

}  // namespace loom::forward
