// SPDX-License-Identifier: Apache-2.0
// Record data of every type: wire to text, text to wire, and checks of hostile wire data.
#pragma once

#include <dnsloom/dns/name.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loom::dns {

/// The most octets RDLENGTH can count (RFC 1035 section 3.2.1).
inline constexpr std::size_t rdata_size_max = 65535;

/// What is wrong with rdata in wire format.
enum class RdataErrc : std::uint8_t {
    truncated,        ///< A field goes past the end of the rdata.
    trailing_octets,  ///< Octets follow the last field.
    bad_name,         ///< A name has a bad label type, is over 255 octets, or its pointers loop.
    compressed_name,  ///< A name is compressed where it must not be (RFC 3597 section 4).
    bad_value,        ///< A field holds what its RFC forbids.
    no_space,         ///< The output does not fit.
};

/// A short sentence part: `a field goes past the end`.
[[nodiscard]] std::string_view describe(RdataErrc error);

/// Checks uncompressed rdata: structure, names, and values that could not be printed. Any octets
/// are good rdata of a type this library does not know (RFC 3597 section 3).
[[nodiscard]] std::expected<void, RdataErrc>
check_rdata(std::uint16_t type, std::span<const std::uint8_t> rdata);

/// Copies the `size` octets of rdata at `offset` in `message` to `out`, compressed names expanded,
/// and checks them. Names are expanded in the types of RFC 3597 section 4 only. Returns the octets
/// written; 65535 octets of `out` are always enough.
[[nodiscard]] std::expected<std::size_t, RdataErrc> expand_rdata(
    std::uint16_t type,
    std::span<const std::uint8_t> message,
    std::size_t offset,
    std::size_t size,
    std::span<std::uint8_t> out);

/// Appends the text of `rdata`, with absolute names, on one line. Leaves `out` as it was when the
/// rdata is malformed.
[[nodiscard]] std::expected<void, RdataErrc>
append_rdata_text(std::uint16_t type, std::span<const std::uint8_t> rdata, std::string& out);

/// Appends the text that fits any rdata of any type: `\# 4 C0000201` (RFC 3597 section 5).
void append_generic_rdata_text(std::span<const std::uint8_t> rdata, std::string& out);

/// The text of `rdata`; malformed rdata is given in the form of RFC 3597 section 5. For logs.
[[nodiscard]] std::string rdata_to_text(std::uint16_t type, std::span<const std::uint8_t> rdata);

/// What is wrong with rdata in text, and where.
struct RdataTextError {
    std::size_t offset = 0;  ///< Octets before the token that is wrong.
    std::string message;     ///< `MX preference: expected 0..65535, got "70000"`.
};

/// Reads rdata from the text of one record, in the master file format: words, quoted strings,
/// parentheses and comments. Names that do not end in a dot are relative to `origin`. The form of
/// RFC 3597 section 5 is taken for every type; for known types its octets are checked.
[[nodiscard]] std::expected<std::vector<std::uint8_t>, RdataTextError>
rdata_from_text(std::uint16_t type, std::string_view text, NameView origin);

/// Lower-cases, in place, the names that the canonical form lower-cases (RFC 4034 section 6.2 as
/// corrected by RFC 6840 section 5.1). Malformed rdata is left as it is.
void canonicalize_rdata(std::uint16_t type, std::span<std::uint8_t> rdata);

}  // namespace loom::dns
