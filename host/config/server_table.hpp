// SPDX-License-Identifier: Apache-2.0
// The keys of [[server]].
#pragma once

#include "config.hpp"
#include "mistakes.hpp"
#include "value.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace loom::host {

inline constexpr std::size_t listeners_max = 64;     ///< Of a server.
inline constexpr std::size_t zones_max = 1'000'000;  ///< Of a server.

/// A server with what only the checks across servers need. The places live as long as the table.
struct ReadServer {
    ServerConfig config;
    bool named = false;                       ///< Or the name is made up.
    const Place* name_place = nullptr;        ///< Of the name, if there is one, or of the server.
    std::vector<const Place*> listen_places;  ///< One for each of config.listen.
    std::vector<const Place*> zone_places;    ///< One for each of config.zones.
};

/// `value` is an element of the array [[server]].
[[nodiscard]] ReadServer
read_server(const Value& value, std::string_view directory, Mistakes& mistakes);

}  // namespace loom::host
