// SPDX-License-Identifier: Apache-2.0
// The table behind LOOM_SERVICE_RESPONSE, and the conversions between a response's two forms.
#pragma once

#include "exchange.hpp"

#include <dnsloom/abi/service/response.h>

namespace loom::host {

extern const loom_response_1 response_service;

/// Makes records of a wire response; false when the message is malformed or memory is short.
bool make_records(Exchange& e);
/// Makes a wire response of records, in the arena, truncated only where no message can take them
/// all; false when memory is short.
bool make_wire(Exchange& e);
/// Writes records form straight into `room`, truncating as RFC 2181 section 9 says. Returns the size.
std::size_t write_records(Exchange& e, std::span<std::uint8_t> room);

/// What a message in the lent send buffer may take; 0 without one.
std::size_t room_for_message(const Exchange& e);

/// Sets a response without records; one that was there goes, with its EDNS options.
void set_error(Exchange& e, std::uint16_t rcode);
/// Moves what stands in the lent send buffer into the arena, before the buffer goes.
void leave_send_buffer(Exchange& e);

}  // namespace loom::host
