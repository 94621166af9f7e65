// SPDX-License-Identifier: Apache-2.0
// Messages on their way into an entry and out of it.
#pragma once

#include "admission.hpp"
#include "layout.hpp"

#include <dnsloom/plugin.hpp>

#include <cstdint>
#include <optional>
#include <span>

namespace loom::cache {

/// What becomes of the TTLs of an entry's records.
struct Aging {
    std::uint32_t subtract = 0;
    std::optional<std::uint32_t> all = std::nullopt;  ///< Instead: what each of them becomes.
};

/// Fills in what Store::place() leaves to its caller.
void fill(
    Entry& entry, Bytes message, const Key& key, const Survey& found, Bytes options,
    std::uint64_t now_ns);

/// Writes the message as it is now. AD is set only for who asked for it (RFC 6840 section 5.8).
void render(const Entry& entry, const Aging& aging, bool wants_ad, std::uint8_t* out);

/// Extended errors are the only EDNS options of a response that are as true the next time. Nothing
/// if the response is meant for a part of the world only.
std::optional<Bytes> kept_options(Bytes octets, std::span<std::uint8_t> room);

}  // namespace loom::cache
