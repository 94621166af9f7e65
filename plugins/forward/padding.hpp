// SPDX-License-Identifier: Apache-2.0
// Hides the size of questions from those who see encrypted octets pass.
#pragma once

#include "outgoing_query.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace loom::forward {

/// As RFC 8467 section 4.1 recommends for queries.
inline constexpr std::size_t padding_block = 128;

using PaddedQuery = std::array<std::uint8_t, 1024>;

/// The query with a padding option (RFC 7830) that makes its size a multiple of the block; `room`
/// holds it. As it is without an OPT record or room.
[[nodiscard]] std::span<const std::uint8_t> pad(const OutgoingQuery& query, PaddedQuery& room);

}  // namespace loom::forward
