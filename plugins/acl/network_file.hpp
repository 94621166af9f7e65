// SPDX-License-Identifier: Apache-2.0
// Files of networks: one a line, `#` begins a comment.
#pragma once

#include "network.hpp"

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace loom::acl {

/// The networks in a text; otherwise `FILE:LINE: ...`. `most` bounds their number.
[[nodiscard]] std::expected<std::vector<Network>, std::string>
parse_networks(std::string_view text, std::string_view file, std::size_t most);

/// The networks in a file.
[[nodiscard]] std::expected<std::vector<Network>, std::string>
read_networks(const std::string& path, std::size_t most);

}  // namespace loom::acl
