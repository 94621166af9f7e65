// SPDX-License-Identifier: Apache-2.0
// Names, records and messages as the harness needs them, by way of the DNS library.
#pragma once

#include <dnsloom/abi/abi.h>
#include <dnsloom/dns/edns.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loom::harness {

using Octets = std::vector<std::uint8_t>;

/// A record that owns what it points at.
struct OwnedRecord {
    Octets owner;
    std::uint16_t type = 0;
    std::uint16_t rclass = 1;
    std::uint32_t ttl = 0;
    Octets rdata;

    loom_record view() const;
};

/// A message taken apart; OPT records are left out.
struct ParsedMessage {
    std::uint16_t flags = 0;  ///< LOOM_FLAG_*
    std::uint16_t rcode = 0;
    Octets question_name;
    std::uint16_t question_type = 0;
    std::uint16_t question_class = 0;
    bool has_opt = false;
    std::array<std::vector<OwnedRecord>, 3> sections;
};

/// Absolute, with or without the last dot; throws std::invalid_argument.
Octets name_from_text(std::string_view text);
std::string name_to_text(std::span<const std::uint8_t> name);
Octets lower(std::span<const std::uint8_t> name);

/// The type of a mnemonic or `TYPE65280`.
std::optional<std::uint16_t> type_from_text(std::string_view text);
std::string type_to_text(std::uint16_t type);
std::optional<std::uint16_t> class_from_text(std::string_view text);
std::string class_to_text(std::uint16_t rclass);

/// One line of a master file; throws std::invalid_argument.
OwnedRecord record_from_text(std::string_view line);
std::string record_to_text(const loom_record& record);

/// Nothing for what is no message with exactly one question.
std::optional<ParsedMessage> parse_message(std::span<const std::uint8_t> message);

/// The parts of a message to be written.
struct MessageParts {
    std::uint16_t id = 0;
    std::uint16_t header = 0;  ///< The second 16 bits of the header, RCODE included.
    std::span<const std::uint8_t> qname;
    std::uint16_t qtype = 0;
    std::uint16_t qclass = 1;
    std::array<std::span<const loom_record>, 3> sections;
    std::optional<dns::Opt> opt;
};

/// Writes a message of at most `size_max` octets. From the first RRset on that does not fit, all is
/// left out; TC is set unless that is of the additional section (RFC 2181 section 9) and no glue.
Octets build_message(const MessageParts& parts, std::size_t size_max);

}  // namespace loom::harness
