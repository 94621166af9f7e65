// SPDX-License-Identifier: Apache-2.0
// Building and resizing the table of names.

#include "name_table.hpp"

#include <algorithm>
#include <utility>

namespace loom::file {

void NameTable::place(Slot slot) {
    std::uint32_t i = home(slot.tag);
    while (slots()[i].node != 0) i = next(i);
    slots()[i] = slot;
}

void NameTable::resize(std::uint32_t capacity) {
    Arena old{std::move(memory_)};
    const std::uint32_t old_capacity = std::exchange(capacity_, capacity);
    memory_ = Arena{std::size_t{capacity} * sizeof(Slot)};
    const auto* from = reinterpret_cast<const Slot*>(old.data());
    for (std::uint32_t i = 0; i < old_capacity; ++i)
        if (from[i].node != 0) place(from[i]);
}

void NameTable::insert(std::uint64_t hash, NodeRef node) {
    // Growing by half keeps the peak low; beyond two thirds the probes get long.
    if (std::uint64_t{size_ + 1} * 3 > std::uint64_t{capacity_} * 2)
        resize(capacity_ + std::max<std::uint32_t>(4, capacity_ / 2));
    place({tag_of(hash), node});
    ++size_;
}

void NameTable::fit() {
    const std::uint32_t capacity = std::max<std::uint32_t>(2, 2 * size_);
    if (capacity != capacity_) resize(capacity);
}

void NameTable::clear() {
    size_ = 0;
    capacity_ = 0;
    memory_ = Arena{};
    resize(4);
}

}  // namespace loom::file
