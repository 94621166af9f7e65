// SPDX-License-Identifier: Apache-2.0
// IP addresses between text and octets.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace loom::dns {

/// Four decimal numbers without leading zeros (they are octal to some readers).
[[nodiscard]] std::optional<std::array<std::uint8_t, 4>> parse_ipv4(std::string_view text);

/// The forms of RFC 4291 section 2.2, without a zone.
[[nodiscard]] std::optional<std::array<std::uint8_t, 16>> parse_ipv6(std::string_view text);

/// Appends `192.0.2.1`.
void append_ipv4(std::span<const std::uint8_t, 4> address, std::string& out);

/// Appends the form of RFC 5952, such as `2001:db8::1`.
void append_ipv6(std::span<const std::uint8_t, 16> address, std::string& out);

}  // namespace loom::dns
