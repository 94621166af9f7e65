// SPDX-License-Identifier: Apache-2.0
// What an answer to an AAAA question has, found out without making records of it.
#pragma once

#include <dnsloom/dns/ip_network.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace loom::dns64 {

struct AnswerSurvey {
    std::size_t usable = 0;                     ///< AAAA records.
    std::size_t excluded = 0;                   ///< AAAA records in the networks that do not count.
    std::optional<std::uint32_t> negative_ttl;  ///< Of the SOA record (RFC 2308 section 5).

    /// Nothing if the message is malformed.
    [[nodiscard]] static std::optional<AnswerSurvey>
    make(std::span<const std::uint8_t> message, const dns::NetworkRanks& exclude);
};

}  // namespace loom::dns64
