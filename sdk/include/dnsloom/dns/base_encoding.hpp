// SPDX-License-Identifier: Apache-2.0
// Octets as base64, base64url, base32hex and hex (RFC 4648).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace loom::dns {

/// The alphabets of RFC 4648 that DNS has in use.
enum class Base : std::uint8_t {
    base64,     ///< Padded; DNSKEY, RRSIG, CERT and others.
    base64url,  ///< Not padded; DNS over HTTPS (RFC 8484 section 6).
    base32hex,  ///< Not padded, either case; NSEC3 (RFC 5155 section 3.3).
    hex,        ///< Either case; DS, TLSA and others.
};

/// Decodes digits that may arrive in pieces, as long keys do in master files.
class BaseDecoder {
public:
    explicit BaseDecoder(Base base);

    /// The most octets that the next `digits` digits can make.
    [[nodiscard]] std::size_t size_max(std::size_t digits) const {
        return (bit_count_ + digits * digit_bits_) / 8;
    }

    /// Decodes `digits` to `out`, which needs room for `size_max(digits.size())` octets. Returns
    /// the octets written, or nothing when a digit is not in the alphabet.
    [[nodiscard]] std::optional<std::size_t> feed(std::string_view digits, std::uint8_t* out);

    /// Whether the digits make whole octets, with right padding and no stray bits.
    [[nodiscard]] bool finish() const;

private:
    const std::uint8_t* values_;
    unsigned digit_bits_;
    unsigned digits_per_block_;
    bool padded_;
    std::uint32_t bits_ = 0;
    unsigned bit_count_ = 0;
    unsigned digit_count_ = 0;  // In the current block.
    unsigned padding_ = 0;
};

/// Decodes one piece.
[[nodiscard]] std::optional<std::vector<std::uint8_t>>
decode_base(Base base, std::string_view text);

/// Appends the digits of `octets`; hex is upper case, base32hex too.
void append_base(Base base, std::span<const std::uint8_t> octets, std::string& out);

}  // namespace loom::dns
