// SPDX-License-Identifier: Apache-2.0
// The DNS cookie of one upstream (RFC 7873).
#pragma once

#include "random_ids.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace loom::forward {

/// What one worker sends to one upstream: its own part, for one source address, and what the
/// upstream gave it. Whoever can neither see our queries nor the upstream's replies knows neither.
class UpstreamCookie {
public:
    using Source = std::array<std::uint8_t, 16>;

    /// What the cookie of a reply says, or that it has none.
    enum class Finding : std::uint8_t {
        right,    ///< Or there is none, and none is due.
        missing,  ///< The upstream has sent cookies, so it would have sent one.
        wrong,    ///< Not ours, or malformed: the reply is forged.
    };

    /// How long after its last cookie an upstream has to send one.
    static constexpr std::uint64_t due_ns = 600'000'000'000;

    /// Queries go out from `source` from now on. Another address gets another cookie, so that nobody
    /// can tell that both are ours (RFC 9018 section 3).
    void use_source(const Source& source, RandomIds& ids);

    /// The data of the option to send.
    std::span<const std::uint8_t> octets() const { return {octets_.data(), size_}; }
    /// Checks the option's data of a reply, and keeps the upstream's part if it is right.
    Finding take(std::optional<std::span<const std::uint8_t>> data, std::uint64_t now_ns);
    /// Whether a reply without a cookie would be `missing`.
    bool is_due(std::uint64_t now_ns) const { return seen_ && now_ns - seen_ns_ < due_ns; }
    /// A reply that nobody can have forged had none: the upstream has given it up.
    void forget();

private:
    static constexpr std::size_t own_size = 8;
    static constexpr std::size_t octets_max = 40;

    std::array<std::uint8_t, octets_max> octets_{};
    std::size_t size_ = 0;
    Source source_{};
    bool seen_ = false;
    std::uint64_t seen_ns_ = 0;
};

}  // namespace loom::forward
