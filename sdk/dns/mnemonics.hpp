// SPDX-License-Identifier: Apache-2.0
// Mnemonics that only rdata and zone text have: DNSSEC algorithms and certificate types. And the
// way from zone text to type and class codes, made short for the types that fill zones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace loom::dns {

/// A type by its mnemonic in either case, or as TYPE65280.
[[nodiscard]] std::optional<std::uint16_t> lookup_type(std::string_view text);
void append_type_mnemonic(std::uint16_t type, std::string& out);

/// A class by its mnemonic in either case, or as CLASS32.
[[nodiscard]] std::optional<std::uint16_t> lookup_class(std::string_view text);

/// A DNSSEC algorithm (RFC 8624) and a certificate type (RFC 4398 section 2.1), in either case.
[[nodiscard]] std::optional<std::uint8_t> lookup_algorithm(std::string_view text);
[[nodiscard]] std::optional<std::uint16_t> lookup_cert_type(std::string_view text);

}  // namespace loom::dns
