// SPDX-License-Identifier: Apache-2.0
// How `to` spells an upstream.
#pragma once

#include "endpoint.hpp"

#include <expected>
#include <string>
#include <string_view>

namespace loom::forward {

/// `ADDRESS`, `tls://ADDRESS` or `https://ADDRESS/PATH`, with `:PORT` and `#SERVER-NAME` where they
/// are wanted; a host name may stand for an address. The error says what would be right.
[[nodiscard]] std::expected<Endpoint, std::string> parse_upstream(std::string_view text);

/// RFC 1123 section 2.1, with a letter in its last label: else it is an address with a slip.
[[nodiscard]] bool is_host_name(std::string_view text);

}  // namespace loom::forward
