// SPDX-License-Identifier: Apache-2.0
// Checks and text of the rdata fields that have a structure of their own. Their readers are members
// of RdataParser and stand in the same source files.
#pragma once

#include <dnsloom/dns/rdata.hpp>
#include <dnsloom/dns/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>

namespace loom::dns {

using RdataCheck = std::expected<void, RdataErrc>;

/// Window blocks of types (RFC 4034 section 4.1.2).
[[nodiscard]] RdataCheck check_type_bitmap(std::span<const std::uint8_t> octets);
void append_type_bitmap(std::span<const std::uint8_t> octets, std::string& out);

/// LOC (RFC 1876).
inline constexpr std::size_t location_size = 16;
[[nodiscard]] RdataCheck check_location(std::span<const std::uint8_t> octets);
void append_location(std::span<const std::uint8_t> octets, std::string& out);

/// APL (RFC 3123).
[[nodiscard]] RdataCheck check_address_prefixes(std::span<const std::uint8_t> octets);
void append_address_prefixes(std::span<const std::uint8_t> octets, std::string& out);

/// SvcParams (RFC 9460 section 2.2).
[[nodiscard]] RdataCheck check_service_params(std::span<const std::uint8_t> octets);
void append_service_params(std::span<const std::uint8_t> octets, std::string& out);

/// The part of HIP before the rendezvous servers; 0 when it is malformed (RFC 8005 section 5).
[[nodiscard]] std::size_t measure_host_identity(std::span<const std::uint8_t> octets);
void append_host_identity(std::span<const std::uint8_t> octets, std::string& out);

/// Appends `"text"` with the escapes of RFC 1035 section 5.1.
void append_quoted(std::span<const std::uint8_t> octets, std::string& out);

}  // namespace loom::dns
