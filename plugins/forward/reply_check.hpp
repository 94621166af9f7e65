// SPDX-License-Identifier: Apache-2.0
// Whether octets from the network are the reply to a query, and what to do with them.
#pragma once

#include <dnsloom/dns/edns.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

namespace loom::forward {

/// Why octets are not taken as the reply.
enum class ReplyFault : std::uint8_t {
    malformed,       ///< No header, or records that do not add up.
    wrong_question,  ///< A query, another opcode, or not the question that was asked.
};

/// A reply that was checked; offsets into it.
struct CheckedReply {
    std::size_t size = 0;        ///< Without octets behind the last record.
    std::size_t opt_offset = 0;  ///< Of the OPT record; 0: there is none.
    std::size_t opt_size = 0;
    std::uint16_t rcode = 0;  ///< All 12 bits.
    bool opt_is_last = false;
    bool is_truncated = false;  ///< TC.
    bool is_bare = false;       ///< A header with an error and no question.
    bool keeps_case = true;     ///< The question is the one that was asked, letter by letter.
    bool is_sound = true;       ///< The rdata of all records is well formed.
};

/// Checks header and question only: for replies of which the end is missing. `question` is what
/// OutgoingQuery::question() gives. The id is the caller's to check. Servers that cannot read a
/// query send a header alone; that is taken for what it is when it says so with an error.
[[nodiscard]] std::expected<CheckedReply, ReplyFault>
check_question(std::span<const std::uint8_t> reply, std::span<const std::uint8_t> question);

/// Checks all of it. Of a reply with TC only header and question are checked. Unsound rdata is no
/// fault: the owner of the zone may have put it there, and neither the upstream is to blame nor will
/// a better reply come.
[[nodiscard]] std::expected<CheckedReply, ReplyFault>
check_reply(std::span<const std::uint8_t> reply, std::span<const std::uint8_t> question);

/// The EDNS options of a reply, with what check_reply() said of it.
[[nodiscard]] dns::EdnsOptions
options_of(std::span<const std::uint8_t> reply, const CheckedReply& checked);

}  // namespace loom::forward
