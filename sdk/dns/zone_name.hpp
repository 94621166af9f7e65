// SPDX-License-Identifier: Apache-2.0
// Names in zone text, read straight into the buffer they are meant for.
#pragma once

#include <dnsloom/dns/name.hpp>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

namespace loom::dns {

/// Does what Name::from_text does, for the two names or so of each of a million records: writes to
/// `out`, which has room for 255 octets, instead of returning a copy. Returns the size.
[[nodiscard]] std::expected<std::size_t, NameErrc>
parse_zone_name(std::string_view text, std::span<const std::uint8_t> origin, std::uint8_t* out);

}  // namespace loom::dns
