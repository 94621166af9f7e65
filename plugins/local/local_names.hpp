// SPDX-License-Identifier: Apache-2.0
// The names that mean the machine itself, and where a question's name stands among them.
#pragma once

#include <dnsloom/plugin.hpp>

#include <array>
#include <cstdint>

namespace loom::local {

enum class Place : std::uint8_t {
    elsewhere,  ///< In none of the zones.
    localhost,  ///< `localhost.` itself.
    below_localhost,
    apex,      ///< Of a reverse zone.
    loopback,  ///< 127.0.0.1 or ::1.
    between,   ///< An empty non-terminal (RFC 4592 section 2.2.2) on the way to 127.0.0.1.
    nowhere    ///< In a reverse zone, but no name of it.
};

struct Found {
    Place place = Place::elsewhere;
    loom_bytes zone{};  ///< Its apex, as the client spelled it; part of the question's name.
};

/// `localhost.` (RFC 6761 section 6.3); `0`, `127`, `255.in-addr.arpa.` (RFC 6303 section 4.2) and
/// the reverse name of ::1 (RFC 6303 section 4.3), which is a zone of its own. A few comparisons of
/// hashes, whatever the name.
class Names {
public:
    explicit Names(const Host& host);

    Found find(const loom_query& query) const;

    /// `localhost.ANYTHING.`, but not `localhost.`
    static bool begins_with_localhost(const loom_query& query);

private:
    Found find_ipv4(const loom_query& query) const;

    std::uint64_t localhost_;
    std::array<std::uint64_t, 3> ipv4_zones_;
    std::array<std::uint64_t, 2> between_;
    std::uint64_t ipv4_loopback_;
    std::uint64_t ipv6_loopback_;
};

}  // namespace loom::local
