// SPDX-License-Identifier: Apache-2.0
#include "query_memory.hpp"

#include <cstring>

namespace loom::harness {
namespace {

constexpr int garbage = 0xa5;
constexpr std::size_t scratch_align = 16;

}  // namespace

std::byte* QueryMemory::add_block(std::size_t size, std::size_t align) {
    const std::align_val_t alignment{align};
    auto* block = static_cast<std::byte*>(::operator new(size, alignment));
    blocks_.emplace_back(block, Free{alignment});
    return block;
}

void* QueryMemory::allocate(std::size_t size, std::size_t align) {
    if (size > limit - used_) return nullptr;
    used_ += size;
    auto* block = add_block(size, align);
    std::memset(block, garbage, size);
    return block;
}

void* QueryMemory::allocate_scratch(std::size_t size) {
    auto* block = add_block(size, scratch_align);
    std::memset(block, 0, size);
    return block;
}

void QueryMemory::release() { blocks_.clear(); }

}  // namespace loom::harness
