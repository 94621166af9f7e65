// SPDX-License-Identifier: Apache-2.0
// One record as text: `www.example.org. 60 IN A 192.0.2.1`, all names absolute.
#pragma once

#include <dnsloom/dns/name.hpp>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace loom::templates {

struct RecordLine {
    static constexpr std::uint32_t default_ttl = 3600;  ///< As Go's library for DNS has it.

    dns::Name owner{};
    std::uint16_t type = 0;
    std::uint16_t klass = 1;
    std::uint32_t ttl = default_ttl;
    std::vector<std::uint8_t> rdata{};
};

/// TTL and class may be left out and stand in either order. There are no directives: what a query
/// puts into the text can be no more than the data of this one record. The error says what is wrong.
[[nodiscard]] std::expected<RecordLine, std::string> read_record(std::string_view text);

/// What can be said of a line in which `unknown` stands for what each query fills in: empty if it
/// may become a record.
[[nodiscard]] std::string problem_of_form(std::string_view text, char unknown);

}  // namespace loom::templates
