// SPDX-License-Identifier: Apache-2.0
// Facts of clients that asked before: a look-up in a database takes microseconds.
#pragma once

#include "facts.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace loom::geoip {

/// One worker's. Each address has one place where it may be; the last one to come stays there.
class FactsCache {
public:
    using Ip = std::span<const std::uint8_t, 16>;

    /// The entry of an address: valid() or to be filled.
    class Entry {
    public:
        bool is_of(Ip ip, std::uint64_t database) const {
            return database_ == database && std::memcmp(ip_.data(), ip.data(), ip.size()) == 0;
        }
        bool found() const { return found_; }
        const Facts& facts() const { return facts_; }

        void set(Ip ip, std::uint64_t database, const Facts* facts) {
            std::memcpy(ip_.data(), ip.data(), ip.size());
            database_ = database;
            found_ = facts != nullptr;
            if (facts) facts_ = *facts;
        }

    private:
        std::array<std::uint8_t, 16> ip_{};
        std::uint64_t database_ = 0;  // Its serial; 0: the entry is free.
        bool found_ = false;
        Facts facts_;
    };

    Entry& entry(Ip ip) {
        std::uint64_t high = 0;
        std::uint64_t low = 0;
        std::memcpy(&high, ip.data(), sizeof high);
        std::memcpy(&low, ip.data() + sizeof high, sizeof low);
        constexpr std::uint64_t odd = 0x9E37'79B9'7F4A'7C15;
        return entries_[((high * odd ^ low) * odd) >> (64U - size_bits)];
    }

private:
    static constexpr unsigned size_bits = 8;

    std::vector<Entry> entries_ = std::vector<Entry>(std::size_t{1} << size_bits);
};

}  // namespace loom::geoip
