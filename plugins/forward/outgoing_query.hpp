// SPDX-License-Identifier: Apache-2.0
// The message that is sent to an upstream.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace loom::forward {

/// What is asked, and how.
struct Ask {
    std::span<const std::uint8_t> qname;  ///< Wire form, as the client spelled it.
    std::uint16_t qtype = 0;
    std::uint16_t qclass = 1;
    std::uint16_t flags = 0;  ///< RD, CD and AD as they stand in the header.
    bool dnssec_ok = false;
};

/// A query in wire form with an OPT record, so that upstreams may send more than 512 octets and say
/// why they fail. Holds its octets; a retry changes the id only.
class OutgoingQuery {
public:
    /// Of every query, whatever the client has room for: passes any path (RFC 9715).
    static constexpr std::uint16_t udp_size = 1232;

    void write(const Ask& ask);
    /// Takes the OPT record off, for servers that choke on it (RFC 6891 section 7).
    void drop_opt();
    bool has_opt() const { return size_ > opt_offset_; }

    void set_id(std::uint16_t id);
    std::span<const std::uint8_t> octets() const { return {octets_.data(), size_}; }
    /// The question's octets: name, type and class.
    std::span<const std::uint8_t> question() const;

private:
    static constexpr std::size_t size_max = 12 + 255 + 4 + 11;

    std::array<std::uint8_t, size_max> octets_;
    std::uint16_t size_ = 0;
    std::uint16_t opt_offset_ = 0;
};

}  // namespace loom::forward
