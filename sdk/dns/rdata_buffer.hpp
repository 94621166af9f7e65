// SPDX-License-Identifier: Apache-2.0
// Rdata being written, bounded by what RDLENGTH can count.
#pragma once

#include <dnsloom/dns/rdata.hpp>

#include <array>
#include <cstring>

namespace loom::dns {

/// A buffer for the rdata of one record after the other. Large: keep it off small stacks.
class RdataBuffer {
public:
    void clear() { size_ = 0; }
    std::size_t size() const { return size_; }
    std::span<const std::uint8_t> octets() const { return {octets_.data(), size_}; }

    /// Where to write up to `size` octets, to be followed by `commit`; null when they do not fit.
    std::uint8_t* room(std::size_t size) {
        return space() >= size ? octets_.data() + size_ : nullptr;
    }
    std::size_t space() const { return rdata_size_max - size_; }

    /// Room for a name, whatever the space: check with `room` before `commit`.
    std::uint8_t* name_room() { return octets_.data() + size_; }

    void commit(std::size_t size) { size_ += size; }

    [[nodiscard]] bool put_u8(unsigned value) {
        std::uint8_t* const out = room(1);
        if (out == nullptr) return false;
        *out = static_cast<std::uint8_t>(value);
        commit(1);
        return true;
    }
    [[nodiscard]] bool put_u16(unsigned value) { return put_u8(value >> 8U) && put_u8(value); }
    [[nodiscard]] bool put_u32(std::uint32_t value) {
        return put_u16(value >> 16U) && put_u16(value & 0xFFFFU);
    }
    [[nodiscard]] bool put(std::span<const std::uint8_t> octets) {
        std::uint8_t* const out = room(octets.size());
        if (out == nullptr) return false;
        if (!octets.empty()) std::memcpy(out, octets.data(), octets.size());
        commit(octets.size());
        return true;
    }

    std::uint8_t& operator[](std::size_t at) { return octets_[at]; }

private:
    std::size_t size_ = 0;
    std::array<std::uint8_t, rdata_size_max + name_size_max> octets_;
};

}  // namespace loom::dns
