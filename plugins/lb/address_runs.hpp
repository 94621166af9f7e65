// SPDX-License-Identifier: Apache-2.0
// Finds in a message the RRsets whose order may be changed by moving octets of equal number.
#pragma once

#include <dnsloom/dns/ip_address.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace loom::lb {

/// The RRsets of one message with two or more addresses. Large: make one a worker and use it again.
class AddressRuns {
public:
    /// Records of one RRset, one after the other.
    struct Run {
        std::uint16_t first = 0;  ///< Index of its first place.
        std::uint16_t count = 0;
        std::uint16_t size = 0;  ///< Of an address: 4 or 16.
    };
    /// From the TTL to the address, what belongs to a record but not to its owner.
    static constexpr std::size_t head_size = 4 + 2;

    /// False, and nothing found, if the message is malformed. The name in its question has
    /// `qname_size` octets, as loom.response/1 has it.
    bool scan(std::span<const std::uint8_t> message, std::size_t qname_size);

    std::span<const Run> runs() const { return {runs_.data(), run_count_}; }
    /// Offsets of the TTLs of a run's records.
    std::span<const std::uint16_t> places(const Run& run) const {
        return {places_.data() + run.first, run.count};
    }
    /// Whether the answer section has two MX records or more.
    bool has_exchanges() const { return exchanges_ > 1; }

    /// Copies what belongs to the record at `from` to `to`, in another message.
    static void move(
        std::span<const std::uint8_t> message, std::size_t from, std::uint8_t* to, const Run& run) {
        // Sizes that are known make a copy of two instructions or three.
        if (run.size == 4)
            std::memcpy(to, message.data() + from, head_size + 4);
        else
            std::memcpy(to, message.data() + from, head_size + 16);
    }
    static dns::IpAddress
    address(std::span<const std::uint8_t> message, const Run& run, std::size_t place) {
        return dns::IpAddress::read(message.data() + place + head_size, run.size);
    }

    /// The most addresses of any message: each takes 15 octets or more.
    static constexpr std::size_t places_max = 65535 / 15;

private:
    struct Owner {
        std::size_t at = 0;
        std::size_t size = 0;
    };
    void
    take(std::span<const std::uint8_t> message, Owner owner, std::uint16_t size, std::size_t place);
    void close_run();
    bool fail();

    std::array<std::uint16_t, places_max> places_;
    std::array<Run, places_max / 2> runs_;
    std::size_t place_count_ = 0;
    std::size_t run_count_ = 0;
    unsigned exchanges_ = 0;
    Run open_;
    Owner open_owner_;
};

}  // namespace loom::lb
