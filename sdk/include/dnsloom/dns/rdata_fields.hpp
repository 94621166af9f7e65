// SPDX-License-Identifier: Apache-2.0
// The table of record types: which fields the rdata of a type has, and a walk over them.
#pragma once

#include <dnsloom/dns/rdata.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

namespace loom::dns {

/// How a field looks on the wire and in text. "Rest" fields go to the end of the rdata.
enum class FieldKind : std::uint8_t {
    u8,
    u16,
    u32,
    ttl,        ///< 32 bits; text may have units, as in `1h30m`.
    time,       ///< 32 bits; text is YYYYMMDDHHmmSS or seconds (RFC 4034 section 3.2).
    algorithm,  ///< 8 bits; text may be a DNSSEC algorithm mnemonic.
    cert_type,  ///< 16 bits; text may be a mnemonic of RFC 4398 section 2.1.
    type,       ///< 16 bits; text is a type mnemonic.
    ipv4,
    ipv6,
    name,             ///< A name that may be compressed in messages (RFC 1035 section 3.3).
    name_expanded,    ///< Not to be sent compressed, but to be accepted so (RFC 3597 section 4).
    name_lowered,     ///< Never compressed, but lower-cased in the canonical form.
    name_plain,       ///< Never compressed, never lower-cased.
    names,            ///< Rest: names like `name_plain`.
    char_string,      ///< One length octet and up to 255 octets.
    char_string_opt,  ///< A char_string that may be missing at the end.
    char_strings,     ///< Rest: one char_string or more.
    tag,              ///< A char_string of 1..255 ASCII letters and digits, unquoted (CAA).
    text,             ///< Rest: octets, quoted.
    hex,              ///< Rest: octets in hex; may have spaces.
    base64,           ///< Rest: octets in base64; may have spaces.
    base64_opt,       ///< The same, and may be missing.
    salt,             ///< Length octet and octets; text is hex in one word, or `-`.
    hash,             ///< Length octet and octets; text is base32hex without padding.
    locator64,        ///< 64 bits as four groups of hex (RFC 6742 section 2.1).
    eui48,
    eui64,
    type_bitmap,       ///< Rest: window blocks (RFC 4034 section 4.1.2).
    location,          ///< All of LOC (RFC 1876).
    address_prefixes,  ///< Rest: APL items (RFC 3123).
    gateway,           ///< IPSECKEY gateway; the kind is in the gateway type before it.
    host_identity,     ///< HIP: lengths, algorithm, HIT and public key (RFC 8005 section 5).
    service_params,    ///< Rest: SvcParams (RFC 9460 section 2.2).
};

/// One field of a type. `name` is the RFC's word, for messages.
struct Field {
    FieldKind kind;
    const char* name;
};

/// The fields of `type` in wire order; empty for a type that the library does not know (and for
/// NULL, which may be anything).
[[nodiscard]] std::span<const Field> rdata_fields(std::uint16_t type);

/// One field of one rdata. A `names` field comes as one `name_plain` piece for each name, and a
/// `gateway` field as a piece of its real kind.
struct RdataPiece {
    FieldKind kind;
    std::size_t offset;
    std::size_t size;
};

/// Walks uncompressed rdata field by field, checking each. Rdata of an unknown type is one `hex`
/// piece.
class RdataWalk {
public:
    RdataWalk(std::uint16_t type, std::span<const std::uint8_t> rdata);

    /// The next piece, or nothing at the end.
    [[nodiscard]] std::expected<std::optional<RdataPiece>, RdataErrc> next();

private:
    std::span<const Field> fields_;
    std::span<const std::uint8_t> rdata_;
    std::size_t offset_ = 0;
    std::size_t field_ = 0;
};

}  // namespace loom::dns
