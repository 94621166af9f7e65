// SPDX-License-Identifier: Apache-2.0
// Makes a finished message fit a size limit.
#pragma once

#include <dnsloom/dns/message.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

namespace loom::dns {

/// Shortens `message`, in place, to at most `limit` octets and returns its new size. A message that
/// fits is left as it is, but for octets behind the last record.
///
/// Whole RRsets are kept from the front, as many as fit, and so is the OPT record (RFC 6891 section
/// 7). TC is set when anything of the answer or authority section is left out (RFC 2181 section 9),
/// then nothing of the additional section but OPT is kept. Additional records are left out
/// silently, but for glue that a referral needs (RFC 9471 section 3.1): that sets TC too. Without
/// room for the question, that is left out as well. A TSIG record does not survive: sign
/// afterwards.
///
/// A malformed message is not changed. A limit below 12 octets is taken for 12.
[[nodiscard]] std::expected<std::size_t, MessageErrc>
truncate(std::span<std::uint8_t> message, std::size_t limit);

}  // namespace loom::dns
