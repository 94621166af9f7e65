// SPDX-License-Identifier: Apache-2.0
// The message that is sent to an upstream.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace loom::forward {

class RandomIds;

/// What is asked, and how.
struct Ask {
    std::span<const std::uint8_t> qname;  ///< Wire form, as the client spelled it.
    std::uint16_t qtype = 0;
    std::uint16_t qclass = 1;
    std::uint16_t flags = 0;  ///< RD, CD and AD as they stand in the header.
    bool dnssec_ok = false;
};

/// A query in wire form with an OPT record, so that upstreams may send more than 512 octets and say
/// why they fail. Holds its octets; a retry changes the id and the cookie only.
class OutgoingQuery {
public:
    /// Of every query, whatever the client has room for: passes any path (RFC 9715).
    static constexpr std::uint16_t udp_size = 1232;
    /// The room for EDNS options, without the cookie.
    static constexpr std::size_t options_max = 1024;

    void write(const Ask& ask);
    /// Appends an EDNS option, ahead of any cookie; false, and nothing appended, if there is no room.
    [[nodiscard]] bool add_option(std::uint16_t code, std::span<const std::uint8_t> data);
    /// Puts this cookie (8..40 octets, RFC 7873 section 4) in the place of the one before.
    void set_cookie(std::span<const std::uint8_t> cookie);
    void drop_cookie() { end_options(options_end_); }
    bool has_cookie() const { return size_ > options_end_; }
    /// Takes the OPT record off, for servers that choke on it (RFC 6891 section 7).
    void drop_opt();
    bool has_opt() const { return size_ > opt_offset_; }
    /// Gives each letter of the name a case by chance ("0x20").
    void randomize_case(RandomIds& ids);

    void set_id(std::uint16_t id);
    std::span<const std::uint8_t> octets() const { return {octets_.data(), size_}; }
    /// The question's octets: name, type and class.
    std::span<const std::uint8_t> question() const;

private:
    static constexpr std::size_t option_header_size = 4;
    static constexpr std::size_t cookie_max = option_header_size + 40;
    static constexpr std::size_t size_max = 12 + 255 + 4 + 11 + options_max + cookie_max;

    void append_option(std::uint16_t code, std::span<const std::uint8_t> data);
    void end_options(std::size_t at);

    std::array<std::uint8_t, size_max> octets_;
    std::uint16_t size_ = 0;
    std::uint16_t opt_offset_ = 0;
    std::uint16_t options_end_ = 0;  // Where the cookie stands.
};

}  // namespace loom::forward
