// SPDX-License-Identifier: Apache-2.0
// The text of option values: durations, sizes, endpoints, names.
#pragma once

#include <dnsloom/abi/query.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loom::harness {

/// `1h30m`, `250ms`, `0`: nanoseconds.
std::optional<std::int64_t> parse_duration(std::string_view text);

/// `64MiB`, `512`: octets.
std::optional<std::int64_t> parse_size(std::string_view text);

/// `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1`, `[2001:db8::1]:53`.
std::optional<loom_address> parse_endpoint(std::string_view text);

/// A domain name, or the reverse zone of a CIDR block on an octet's or nibble's border; lower case.
std::optional<std::vector<std::uint8_t>> parse_zone_name(std::string_view text);

}  // namespace loom::harness
