// SPDX-License-Identifier: Apache-2.0
// Zones as they are written in a configuration: names, and CIDR blocks for reverse zones.
#pragma once

#include <dnsloom/dns/name.hpp>

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace loom::host {

/// Reads a domain name (`example.org`, with or without the final dot) or a CIDR block, which gives
/// its reverse zones below in-addr.arpa or ip6.arpa. A length between octets (IPv4) or nibbles
/// (IPv6) gives several: `10.0.0.0/23` two, at most 128. The names are in lower case. A name may
/// have a slash (RFC 2317); only an address before it makes a block. The error is a sentence part
/// with what would be right.
[[nodiscard]] std::expected<std::vector<dns::Name>, std::string> parse_zones(std::string_view text);

}  // namespace loom::host
