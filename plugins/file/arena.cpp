// SPDX-License-Identifier: Apache-2.0
// Memory for large and small zones: mapped on huge pages, or from the heap.

#include "arena.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace loom::file {

namespace {

constexpr std::size_t huge_page_size = std::size_t{2} << 20U;
constexpr std::size_t page_size = 4096;
// Below this, a mapping of its own would cost more than it gives.
constexpr std::size_t mapped_size_min = huge_page_size / 2;

constexpr std::size_t round_up(std::size_t size, std::size_t unit) {
    return (size + unit - 1) / unit * unit;
}

// A mapping that begins at a huge page.
std::uint8_t* map_aligned(std::size_t size) {
    const std::size_t reserved = size + huge_page_size;
    void* at = mmap(
        nullptr,
        reserved,
        PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
        -1,
        0);
    if (at == MAP_FAILED) throw std::bad_alloc{};
    auto* begin = static_cast<std::uint8_t*>(at);
    const auto address = reinterpret_cast<std::uintptr_t>(begin);
    const std::size_t front = round_up(address, huge_page_size) - address;
    if (front != 0) munmap(begin, front);
    if (front != huge_page_size) munmap(begin + front + size, huge_page_size - front);
    // Only a wish: without huge pages everything works, a little slower.
    madvise(begin + front, size, MADV_HUGEPAGE);
    return begin + front;
}

}  // namespace

Arena::Arena(std::size_t expected) : mapped_{expected >= mapped_size_min} {
    if (expected == 0) return;
    capacity_ = mapped_ ? round_up(expected, page_size) : expected;
    data_ =
        mapped_ ? map_aligned(capacity_) : static_cast<std::uint8_t*>(std::calloc(1, capacity_));
    if (!data_) throw std::bad_alloc{};
}

Arena::~Arena() {
    if (mapped_) {
        munmap(data_, capacity_);
    } else {
        std::free(data_);
    }
}

void Arena::grow(std::size_t more) {
    constexpr std::size_t first = 256;
    resize(std::max({size_ + more, capacity_ * 2, first}));
}

void Arena::shrink() {
    const std::size_t least = mapped_ ? round_up(std::max<std::size_t>(size_, 1), page_size)
                                      : std::max<std::size_t>(size_, 1);
    if (data_ && least < capacity_) resize(least);
}

void Arena::resize(std::size_t capacity) {
    if (!mapped_ && capacity < 2 * mapped_size_min) {
        void* at = std::realloc(data_, capacity);
        if (!at) throw std::bad_alloc{};
        data_ = static_cast<std::uint8_t*>(at);
    } else if (!mapped_) {
        capacity = round_up(capacity, page_size);
        std::uint8_t* at = map_aligned(capacity);
        std::memcpy(at, data_, size_);
        std::free(data_);
        data_ = at;
        mapped_ = true;
    } else {
        capacity = round_up(capacity, page_size);
        void* at = mremap(data_, capacity_, capacity, MREMAP_MAYMOVE);
        if (at == MAP_FAILED) throw std::bad_alloc{};
        data_ = static_cast<std::uint8_t*>(at);
    }
    capacity_ = capacity;
}

}  // namespace loom::file
