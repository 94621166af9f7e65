// SPDX-License-Identifier: Apache-2.0
// The table behind LOOM_SERVICE_QUESTION, and the way back to the question before.
#pragma once

#include "exchange.hpp"

#include <dnsloom/abi/service/question.h>

namespace loom::host {

extern const loom_question_1 question_service;

/// What a plugin changed of a question, as it was before; in the exchange's arena.
struct SavedQuestion {
    SavedQuestion* before = nullptr;  ///< What a plugin further in front saved.
    std::uint16_t stage = 0;          ///< Of the plugin.
    bool renamed = false;             ///< The response's question is not this one.

    std::uint32_t flags = 0;
    std::uint16_t qtype = 0;
    std::uint16_t qclass = 0;
    std::uint8_t label_count = 0;
    loom_bytes qname{};
    loom_bytes qname_lower{};
    const std::uint64_t* suffix_hash = nullptr;
    const std::uint8_t* label_offset = nullptr;
    loom_bytes edns_options{};
};

/// Gives the query the question back that it had when it came to `stage`. A message that answers
/// another one is marked so: whoever needs the message gets it written anew.
void restore_question(Exchange& e, std::uint16_t stage);
/// SERVFAIL for an answer that cannot be read.
void set_malformed(Exchange& e);

}  // namespace loom::host
