// SPDX-License-Identifier: Apache-2.0
// The name servers that a resolv.conf(5) names.
#pragma once

#include <dnsloom/abi/query.h>

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace loom::forward {

/// As many as the C library uses.
inline constexpr std::size_t resolv_conf_servers_max = 3;

/// Its `nameserver` lines, the first three; `[ADDRESS]:PORT` is understood as OpenBSD does. Other
/// lines are nobody's business here. The error says what is wrong, without the file's name.
[[nodiscard]] std::expected<std::vector<loom_address>, std::string>
parse_resolv_conf(std::string_view text);

/// Reads the file. The error names it.
[[nodiscard]] std::expected<std::vector<loom_address>, std::string>
read_resolv_conf(const std::string& path);

}  // namespace loom::forward
