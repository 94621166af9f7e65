// SPDX-License-Identifier: Apache-2.0
// Messages on their way into an entry and out of it.
#pragma once

#include "admission.hpp"
#include "client_subnet.hpp"
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
    Entry& entry,
    Bytes message,
    const Key& key,
    const Survey& found,
    Bytes options,
    std::uint64_t now_ns);

/// The same for an entry of Kind::scopes; `question` is a message without records.
void fill_scopes(
    Entry& entry, Bytes question, const ScopeList& list, std::uint32_t ttl, std::uint64_t now_ns);

/// Writes the message as it is now. AD is set only for who asked for it (RFC 6840 section 5.8).
void render(const Entry& entry, const Aging& aging, bool wants_ad, std::uint8_t* out);

/// What is kept of a response's EDNS options.
struct KeptOptions {
    Bytes octets;            ///< Extended errors, and the client subnet if there was one.
    std::uint8_t scope = 0;  ///< Bits of the client's address that the answer depends on.
};

/// Extended errors are as true the next time, other options are not. Nothing if the response is meant
/// for a part of the world that `client` is not in, or for another than it told, if it `told` one.
std::optional<KeptOptions>
kept_options(Bytes octets, const ClientSubnet& client, bool told, std::span<std::uint8_t> room);

/// How many bits of the client's address a response with these options depends on; nothing if it is
/// for others than `client`.
std::optional<std::uint8_t> scope_of(Bytes options, const ClientSubnet& client);

}  // namespace loom::cache
