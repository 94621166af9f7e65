// SPDX-License-Identifier: Apache-2.0
// The last step of a query: the message that goes to the client.
#pragma once

#include "exchange.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace loom::host {

/// Writes the reply into `e.send_buffer`: the client's id and spelling, header bits, the OPT record,
/// truncated to `e.reply_max`. `udp_size` is what the OPT record announces. Returns the size.
[[nodiscard]] std::size_t write_reply(Exchange& e, std::uint16_t udp_size);

/// An error reply to a message that did not become a query: header, the question if `question_size`
/// is not 0 (it stands in `message` after the header), and OPT if `edns`. Returns the size.
[[nodiscard]] std::size_t write_error_reply(
    std::span<const std::uint8_t> message, std::size_t question_size, std::uint16_t rcode, bool edns,
    std::uint16_t udp_size, std::span<std::uint8_t> out);

}  // namespace loom::host
