// SPDX-License-Identifier: Apache-2.0
// The parameters of SVCB and HTTPS records: their keys and the form of each value (RFC 9460).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace loom::dns {

/// The keys whose values have a form of their own; every other value is opaque octets.
enum class ServiceKey : std::uint16_t {
    mandatory = 0,
    alpn = 1,
    no_default_alpn = 2,
    port = 3,
    ipv4hint = 4,
    ech = 5,
    ipv6hint = 6,
    dohpath = 7,  ///< RFC 9461 section 5.
    ohttp = 8,    ///< RFC 9540 section 4.
};

/// A key by its name, or as `key65280`.
[[nodiscard]] std::optional<std::uint16_t> service_key_from_text(std::string_view text);
void append_service_key(std::uint16_t key, std::string& out);

/// Whether `text` is one of the `key65280` names, whose values are octets even for known keys.
[[nodiscard]] bool is_generic_service_key(std::string_view text);

/// Whether a value in wire format has the form of its key.
[[nodiscard]] bool is_service_value(std::uint16_t key, std::span<const std::uint8_t> value);

/// Appends `=value` for a good value, or nothing when the key stands alone.
void append_service_value(std::uint16_t key, std::span<const std::uint8_t> value, std::string& out);

/// What text the value of a key has, for messages.
[[nodiscard]] std::string_view expected_service_value(std::uint16_t key);

/// Makes the wire format of a value from its text, in which the escapes of master files are
/// resolved already. Appends to `out`; false when the text has not the form of its key.
[[nodiscard]] bool parse_service_value(std::uint16_t key, std::string_view text, std::string& out);

}  // namespace loom::dns
