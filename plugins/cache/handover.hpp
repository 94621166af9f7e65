// SPDX-License-Identifier: Apache-2.0
// The octets in which an instance tells its successor where the regions are.
#pragma once

#include "region.hpp"

#include <cstdint>
#include <expected>
#include <span>
#include <string_view>
#include <vector>

namespace loom::cache {

/// What is wrong with such octets.
enum class HandoverErrc : std::uint8_t {
    malformed,     ///< Not what encode_handover() wrote.
    other_layout,  ///< Written by a build with other structs.
};

[[nodiscard]] std::string_view describe(HandoverErrc error);

/// The most octets that can be meant: 4096 workers.
inline constexpr std::size_t handover_size_max = 32 + 4096 * sizeof(RegionAddress);

/// By worker. Only good within the process.
std::vector<std::uint8_t> encode_handover(std::span<const RegionAddress> regions);

[[nodiscard]] std::expected<std::vector<RegionAddress>, HandoverErrc>
decode_handover(std::span<const std::uint8_t> octets);

}  // namespace loom::cache
