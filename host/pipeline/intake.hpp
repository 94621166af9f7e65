// SPDX-License-Identifier: Apache-2.0
// From octets of anybody to a query, or to the reason why they are none.
#pragma once

#include "exchange.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace loom::host {

enum class Intake : std::uint8_t {
    query,  ///< The exchange is filled: route it.
    error,  ///< Send write_error_reply() with what IntakeResult says.
    ignore  ///< Send nothing: a response, or less than a header.
};

struct IntakeResult {
    Intake intake = Intake::ignore;
    std::uint8_t rcode = 0;           ///< BADVERS is 16.
    bool edns = false;                ///< The reply needs an OPT record.
    std::uint16_t question_size = 0;  ///< Of a question that is fit to be sent back.
};

/// The server's side of EDNS.
struct IntakeLimits {
    std::uint16_t udp_size = 1232;  ///< The largest UDP reply.
};

/// Parses `message` into the ABI fields of `e`: header, question, EDNS. The transport has set
/// `transport`, addresses and times. The message must stay where it is until the query is detached.
/// `slack` octets behind it may be read.
///
/// Queries with opcode QUERY and one question are taken, whatever their class and type but OPT.
/// NOTIMP for other opcodes, FORMERR for what breaks RFC 1035 or RFC 6891 section 6.1.1, BADVERS for
/// EDNS versions that are not 0.
[[nodiscard]] IntakeResult take_in(
    Exchange& e, std::span<const std::uint8_t> message, const HashKey& key, IntakeLimits limits,
    std::size_t slack = 0);

}  // namespace loom::host
