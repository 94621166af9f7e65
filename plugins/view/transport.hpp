// SPDX-License-Identifier: Apache-2.0
// What transports are called in expressions.
#pragma once

#include <dnsloom/abi/query.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace loom::views {

/// By LOOM_TRANSPORT_*.
inline constexpr std::array<std::string_view, 5> transport_names{
    "udp", "tcp", "tls", "https", "quic"};

constexpr std::string_view transport_name(std::uint8_t transport) {
    return transport < transport_names.size() ? transport_names[transport] : "other";
}

}  // namespace loom::views
