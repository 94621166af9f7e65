// SPDX-License-Identifier: Apache-2.0
// Reads the rdata of one record from tokens, guided by the field table.
#pragma once

#include "rdata_buffer.hpp"
#include "zone_lexer.hpp"

#include <dnsloom/dns/base_encoding.hpp>
#include <dnsloom/dns/rdata_fields.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loom::dns {

/// Takes the tokens of an entry from a lexer and writes rdata to a buffer. One parser serves many
/// records. The field codecs in other files work through its public functions; all that return
/// `bool` have called `fail` when they return false.
class RdataParser {
public:
    RdataParser(ZoneLexer& lexer, RdataBuffer& out) : lexer_{&lexer}, out_{&out} {}

    /// Reads the rdata and the end of the entry. When it returns false, and the lexer neither
    /// starved nor has a problem of its own, `message` and `where` tell why.
    [[nodiscard]] bool parse(std::uint16_t type, std::span<const std::uint8_t> origin);

    const std::string& message() const { return message_; }
    const char* where() const { return where_; }

    RdataBuffer& out() { return *out_; }
    std::span<const std::uint8_t> origin() const { return origin_; }

    ZoneToken next() {
        if (!pending_) return lexer_->next();
        pending_ = false;
        return first_;
    }
    ZoneToken next_pair() { return lexer_->next_pair(); }

    /// Fails with `TYPE field: expected <expected>, got <token>`.
    bool fail(std::string_view expected, const ZoneToken& token);
    /// Fails with `TYPE field: <problem>`.
    bool fail_with(std::string_view problem, const ZoneToken& token);
    /// Names the part of the field that later messages are about.
    void set_field(std::string_view name) { field_ = name; }
    /// Fails because the rdata would exceed 65535 octets.
    bool fail_size(const ZoneToken& token);

    [[nodiscard]] bool read_number(std::uint32_t max, std::uint32_t& value);
    /// Decodes a token to `room`, at most `max` octets; returns the size, or -1 after failing.
    [[nodiscard]] std::ptrdiff_t
    decode(const ZoneToken& token, std::size_t max, std::uint8_t* room);
    [[nodiscard]] bool put_ipv4();
    [[nodiscard]] bool put_ipv6();
    [[nodiscard]] bool put_name(const ZoneToken& token);
    /// Decodes the digits of one token and appends the octets.
    [[nodiscard]] bool put_word(Base base, const ZoneToken& token);

    // Each in the file of its concept.
    [[nodiscard]] bool put_type_bitmap();
    [[nodiscard]] bool put_location();
    [[nodiscard]] bool put_address_prefixes();
    [[nodiscard]] bool put_service_params();
    [[nodiscard]] bool put_host_identity();

private:
    enum class Presence : std::uint8_t { needed, optional };

    bool put_generic();
    bool put_field(FieldKind kind);
    bool put_number(std::uint32_t max, unsigned octets);
    bool put_ttl();
    bool put_time();
    bool put_algorithm();
    bool put_cert_type();
    bool put_type();
    bool put_names();
    bool put_char_string(const ZoneToken& token);
    bool put_char_strings();
    bool put_optional_char_string();
    bool put_tag();
    bool put_text();
    bool put_digits(Base base, Presence presence);
    bool put_salt();
    bool put_hash();
    bool put_groups(unsigned groups, unsigned digits, char separator);
    bool put_gateway();
    bool expect_end();

    ZoneLexer* lexer_;
    RdataBuffer* out_;
    std::span<const std::uint8_t> origin_;
    std::uint16_t type_ = 0;
    bool pending_ = false;  // `first_` was looked at but not consumed.
    ZoneToken first_;
    std::string_view field_;
    std::string message_;
    const char* where_ = nullptr;
    std::vector<std::uint8_t> scratch_;  // Service parameter values.
};

}  // namespace loom::dns
