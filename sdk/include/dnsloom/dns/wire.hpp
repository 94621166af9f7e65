// SPDX-License-Identifier: Apache-2.0
// Bounds-checked cursors over octets in network order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace loom::dns {

/// Network order, for places whose bounds were checked before.
constexpr std::uint16_t load_u16(const std::uint8_t* at) {
    return static_cast<std::uint16_t>(at[0] << 8U | at[1]);
}
constexpr std::uint32_t load_u32(const std::uint8_t* at) {
    return std::uint32_t{load_u16(at)} << 16U | load_u16(at + 2);
}
constexpr void store_u16(std::uint8_t* at, std::uint16_t value) {
    at[0] = static_cast<std::uint8_t>(value >> 8U);
    at[1] = static_cast<std::uint8_t>(value);
}
constexpr void store_u32(std::uint8_t* at, std::uint32_t value) {
    store_u16(at, static_cast<std::uint16_t>(value >> 16U));
    store_u16(at + 2, static_cast<std::uint16_t>(value));
}

/// Reads integers and octets one after another. A read past the end gives zeros or nothing, and
/// from then on the reader is not ok(): read all fields, then ask once.
class Reader {
public:
    explicit Reader(std::span<const std::uint8_t> octets, std::size_t offset = 0)
        : octets_{octets}, offset_{offset}, ok_{offset <= octets.size()} {}

    std::uint8_t u8() {
        const std::uint8_t* at = take(1);
        return at ? *at : std::uint8_t{0};
    }
    std::uint16_t u16() {
        const std::uint8_t* at = take(2);
        return at ? load_u16(at) : std::uint16_t{0};
    }
    std::uint32_t u32() {
        const std::uint8_t* at = take(4);
        return at ? load_u32(at) : 0;
    }
    std::span<const std::uint8_t> bytes(std::size_t size) {
        const std::uint8_t* at = take(size);
        return at ? std::span{at, size} : std::span<const std::uint8_t>{};
    }
    void skip(std::size_t size) { take(size); }

    bool ok() const { return ok_; }
    std::size_t offset() const { return offset_; }  ///< Stays where the first failure was.
    std::size_t remaining() const { return ok_ ? octets_.size() - offset_ : 0; }
    std::span<const std::uint8_t> rest() const {
        return ok_ ? octets_.subspan(offset_) : std::span<const std::uint8_t>{};
    }

private:
    const std::uint8_t* take(std::size_t size) {
        if (!ok_ || octets_.size() - offset_ < size) {
            ok_ = false;
            return nullptr;
        }
        const std::uint8_t* at = octets_.data() + offset_;
        offset_ += size;
        return at;
    }

    std::span<const std::uint8_t> octets_;
    std::size_t offset_;
    bool ok_;
};

/// Writes integers and octets one after another to a caller's buffer. What does not fit is not
/// written, in whole, and from then on the writer is not ok() and writes no more.
class Writer {
public:
    explicit Writer(std::span<std::uint8_t> buffer) : buffer_{buffer} {}

    void u8(std::uint8_t value) {
        if (std::uint8_t* at = take(1)) *at = value;
    }
    void u16(std::uint16_t value) {
        if (std::uint8_t* at = take(2)) store_u16(at, value);
    }
    void u32(std::uint32_t value) {
        if (std::uint8_t* at = take(4)) store_u32(at, value);
    }
    void bytes(std::span<const std::uint8_t> octets) {
        std::uint8_t* at = take(octets.size());
        if (at && !octets.empty()) std::memcpy(at, octets.data(), octets.size());
    }
    void zeros(std::size_t count) {
        std::uint8_t* at = take(count);
        if (at && count != 0) std::memset(at, 0, count);
    }

    /// Overwrites two octets that were written before; anywhere else it makes the writer not ok().
    void patch_u16(std::size_t offset, std::uint16_t value) {
        if (offset > size_ || size_ - offset < 2) {
            ok_ = false;
            return;
        }
        store_u16(buffer_.data() + offset, value);
    }

    bool ok() const { return ok_; }
    std::size_t size() const { return size_; }  ///< Octets written, and the offset of the next.
    std::size_t room() const { return ok_ ? buffer_.size() - size_ : 0; }
    std::span<const std::uint8_t> written() const { return buffer_.first(size_); }

    /// Takes back what was written from `size` on, and a failure with it.
    void roll_back(std::size_t size) {
        if (size > size_) return;
        size_ = size;
        ok_ = true;
    }

private:
    std::uint8_t* take(std::size_t size) {
        if (!ok_ || buffer_.size() - size_ < size) {
            ok_ = false;
            return nullptr;
        }
        std::uint8_t* at = buffer_.data() + size_;
        size_ += size;
        return at;
    }

    std::span<std::uint8_t> buffer_;
    std::size_t size_ = 0;
    bool ok_ = true;
};

}  // namespace loom::dns
