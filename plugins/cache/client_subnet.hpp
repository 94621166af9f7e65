// SPDX-License-Identifier: Apache-2.0
// The client subnet option (RFC 7871 section 6), and which part of the world an answer is for.
#pragma once

#include "layout.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace loom::cache {

struct ClientSubnet {
    std::uint8_t family = 0;                 ///< 1: IPv4, 2: IPv6.
    std::uint8_t source = 0;                 ///< Bits of the address that are told.
    std::uint8_t scope = 0;                  ///< In an answer: bits that it depends on.
    std::array<std::uint8_t, 16> address{};  ///< From its first octet on; 0 behind `source` bits.

    /// Nothing if it is malformed (RFC 7871 section 6).
    static std::optional<ClientSubnet> read(std::span<const std::uint8_t> data);

    /// A client's whole address, as loom_address has it.
    static ClientSubnet of(const std::uint8_t (&ip)[16]);

    /// The option's data. Room for 20 octets; returns how many were written.
    std::size_t write(std::span<std::uint8_t> room) const;

    /// The same with `bits` bits of its address.
    ClientSubnet shortened(std::uint8_t bits) const;
    bool same_network(const ClientSubnet& other) const {
        return family == other.family && source == other.source && address == other.address;
    }

    /// What sets keys of this network apart from others of the same question. Networks of up to 56
    /// bits never share it; who finds an entry by it compares the networks, too.
    std::uint64_t hash() const;
};

/// How many bits of which family the answers to one question depend on, as far as known; it stands in
/// place of an answer that is good for all.
class ScopeList {
public:
    static constexpr std::size_t scopes_max = 8;

    ScopeList() = default;
    /// Of an entry of Kind::scopes.
    explicit ScopeList(const Entry& entry);

    /// False when there is no room for another one.
    bool add(std::uint8_t family, std::uint8_t bits);
    std::span<const std::uint8_t> octets() const { return {octets_.data(), size_}; }

    /// Calls function(bits) for those of the family up to `source`, the longest first, until it gives
    /// something.
    template <class Function>
    auto find(std::uint8_t family, std::uint8_t source, Function function) const
        -> decltype(function(source)) {
        for (std::size_t i = 0; i < size_; i += 2) {
            if (octets_[i] != family || octets_[i + 1] > source) continue;
            if (auto found = function(octets_[i + 1])) return found;
        }
        return {};
    }

private:
    std::array<std::uint8_t, 2 * scopes_max> octets_{};  // Family and bits, the longest first.
    std::size_t size_ = 0;
};

}  // namespace loom::cache
