// SPDX-License-Identifier: Apache-2.0
// A list of blocked names: what a file says, ready for look-ups. Immutable once built.
#pragma once

#include <dnsloom/dns/name.hpp>
#include <dnsloom/host.hpp>

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <unordered_map>

namespace blocklist {

class Names {
public:
    /// Reads one name a line; `#` begins a comment. The error begins with `path:line`.
    [[nodiscard]] static std::expected<Names, std::string>
    parse(const loom::Host& host, std::string_view text, const std::string& path);

    /// The same from a file.
    [[nodiscard]] static std::expected<Names, std::string>
    load(const loom::Host& host, const std::string& path);

    /// Whether the question's name is in the list or below a name that is.
    bool cover(const loom_query& query) const;

    std::size_t size() const { return names_.size(); }

private:
    std::unordered_map<std::uint64_t, loom::dns::Name> names_;  // By loom_host.hash_name().
};

}  // namespace blocklist
