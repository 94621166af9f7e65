// SPDX-License-Identifier: Apache-2.0
// The EDNS options of a reply, and whose they are.
#pragma once

#include "exchange.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace loom::host {

/// Options belong to the hook that gives them. Those of stages that passed the query on, and of the
/// host, are the query's: they stay whatever becomes of the answer. Those of the stage that
/// answered and of the response hooks since are the answer's: they go when another hook replaces
/// it.

/// Adds an EDNS option to the reply, for the running hook; false when there is no room for it.
bool add_option(Exchange& e, std::uint16_t code, std::span<const std::uint8_t> value);
/// Adds an extended error (RFC 8914), for the running hook.
bool add_extended_error(Exchange& e, std::uint16_t info_code, std::string_view text);
/// Adds an option of the host's own, before the query enters the pipeline.
bool add_host_option(Exchange& e, std::uint16_t code, std::span<const std::uint8_t> value);

/// Takes the client subnet out of the reply to a client that sent none (RFC 7871 section 7.2.2): a
/// plugin may have told its upstream where the client is.
void drop_unasked_subnet(Exchange& e);

/// The running stage has answered: what is not its own is the query's.
void settle_options(Exchange& e);
/// The running hook replaces the answer: what came with that goes.
void drop_options(Exchange& e);
/// The answer of the running stage is set aside, with its options; of several the first is kept.
void set_options_aside(Exchange& e);
/// Gives the options back that were set aside first.
void take_options_back(Exchange& e);

}  // namespace loom::host
