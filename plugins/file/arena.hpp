// SPDX-License-Identifier: Apache-2.0
// Octets in one piece: a zone's nodes, or its table of names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace loom::file {

/// Grows at the end, large ones without being copied, and gives back what is too much. Large ones
/// lie on huge pages where the system has them, since they are read at random places.
class Arena {
public:
    Arena() = default;
    /// With room for about `expected` octets, all 0.
    explicit Arena(std::size_t expected);
    Arena(Arena&& other) noexcept { swap(other); }
    Arena& operator=(Arena&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Arena();

    /// Makes sure that `size` octets follow the end; throws std::bad_alloc. Moves the others.
    std::uint8_t* room(std::size_t size) {
        if (capacity_ - size_ < size) grow(size);
        return data_ + size_;
    }
    /// Takes `size` octets of the room.
    void take(std::size_t size) { size_ += size; }
    /// Forgets what is behind the first `size` octets.
    void cut(std::size_t size) { size_ = size; }
    /// Gives the room back.
    void shrink();

    std::uint8_t* data() { return data_; }
    const std::uint8_t* data() const { return data_; }
    std::size_t size() const { return size_; }

    void swap(Arena& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
        std::swap(mapped_, other.mapped_);
    }

private:
    void grow(std::size_t more);
    void resize(std::size_t capacity);

    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
    bool mapped_ = false;
};

}  // namespace loom::file
