// SPDX-License-Identifier: Apache-2.0
// The 12 octets that every message begins with.
#pragma once

#include <dnsloom/dns/codes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace loom::dns {

inline constexpr std::size_t header_size = 12;

/// Bits of the second 16 of the header (RFC 1035 section 4.1.1, RFC 4035 section 3.2).
namespace flag {
inline constexpr std::uint16_t qr = 0x8000;  ///< A response.
inline constexpr std::uint16_t aa = 0x0400;  ///< From an authority.
inline constexpr std::uint16_t tc = 0x0200;  ///< Truncated.
inline constexpr std::uint16_t rd = 0x0100;  ///< Recursion desired.
inline constexpr std::uint16_t ra = 0x0080;  ///< Recursion available.
inline constexpr std::uint16_t ad = 0x0020;  ///< Authentic data.
inline constexpr std::uint16_t cd = 0x0010;  ///< Checking disabled.
}  // namespace flag

/// The sections that hold records, in their order in a message. In an update they are called
/// prerequisite, update and additional (RFC 2136 section 2).
enum class Section : std::uint8_t { answer, authority, additional };
inline constexpr std::size_t sections = 3;

/// A header as a value: read it, change it, write it back.
struct Header {
    std::uint16_t id = 0;
    std::uint16_t bits = 0;  ///< Flags, opcode and rcode as they stand on the wire.
    std::uint16_t questions = 0;
    std::array<std::uint16_t, sections> records{};  ///< By Section.

    /// Nothing when `message` has less than 12 octets.
    [[nodiscard]] static std::optional<Header> read(std::span<const std::uint8_t> message);

    /// Overwrites the first 12 octets of `message`, which has to have them.
    void write(std::span<std::uint8_t> message) const;

    /// Whether all flags of `mask` are set; `mask` is one or more of `flag`.
    constexpr bool has(std::uint16_t mask) const { return (bits & mask) == mask; }
    constexpr void set(std::uint16_t mask) { bits = static_cast<std::uint16_t>(bits | mask); }
    constexpr void clear(std::uint16_t mask) { bits = static_cast<std::uint16_t>(bits & ~mask); }

    constexpr std::uint8_t opcode() const { return static_cast<std::uint8_t>(bits >> 11U & 0xFU); }
    constexpr void set_opcode(std::uint8_t opcode) {
        bits = static_cast<std::uint16_t>((bits & 0x87FFU) | (opcode & 0xFU) << 11U);
    }

    /// The low four bits of the response code; the others stand in the OPT record (RFC 6891
    /// section 6.1.3).
    constexpr std::uint16_t rcode() const { return static_cast<std::uint16_t>(bits & 0xFU); }
    constexpr void set_rcode(std::uint16_t rcode) {
        bits = static_cast<std::uint16_t>((bits & 0xFFF0U) | (rcode & 0xFU));
    }

    constexpr std::uint16_t count(Section section) const {
        return records[static_cast<std::size_t>(section)];
    }

    /// The header of a response to the query with this header: its id, opcode, RD and CD, with QR
    /// set and all counts 0 (RFC 1035 section 4.1.1, RFC 4035 section 3.2.2).
    [[nodiscard]] constexpr Header response() const {
        Header header;
        header.id = id;
        header.bits =
            static_cast<std::uint16_t>((bits & (0x7800U | flag::rd | flag::cd)) | flag::qr);
        return header;
    }

    friend constexpr bool operator==(const Header&, const Header&) = default;
};

/// Overwrites the id of `message`, which has to have two octets.
void patch_id(std::span<std::uint8_t> message, std::uint16_t id);

}  // namespace loom::dns
