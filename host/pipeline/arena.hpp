// SPDX-License-Identifier: Apache-2.0
// Memory that lives as long as one query.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

namespace loom::host {

/// Hands out memory from a block in place, and from the heap only for queries that need much of
/// it. Nothing is freed singly.
class Arena {
public:
    static constexpr std::size_t in_place = 4096;
    /// 64 KiB and the largest message; see loom_host.alloc.
    static constexpr std::size_t limit = 65536 + 65536;

    /// `align` is a power of two, at most 64. nullptr when the limit is reached.
    void* allocate(std::size_t size, std::size_t align) noexcept {
        const std::size_t start = (used_ + align - 1) & ~(align - 1);
        if (size <= end_ - start && start <= end_) [[likely]] {
            used_ = start + size;
            return base_ + start;
        }
        return allocate_chunk(size, align);
    }

    void reset() noexcept {
        used_ = 0;
        if (base_ != block_.data()) [[unlikely]]
            release();
    }

private:
    void* allocate_chunk(std::size_t size, std::size_t align) noexcept {
        if (size > limit || taken_ + size > limit) return nullptr;
        const std::size_t chunk = size + align > chunk_size ? size + align : chunk_size;
        try {
            chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(chunk + 64));
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
        auto* raw = chunks_.back().get();
        const auto misfit = reinterpret_cast<std::uintptr_t>(raw) % 64;
        base_ = raw + (misfit == 0 ? 0 : 64 - misfit);
        end_ = chunk;
        taken_ += chunk;
        used_ = size;
        return base_;
    }
    void release() noexcept {
        chunks_.clear();
        base_ = block_.data();
        end_ = in_place;
        taken_ = 0;
    }

    static constexpr std::size_t chunk_size = 16384;

    alignas(64) std::array<std::byte, in_place> block_;
    std::byte* base_ = block_.data();
    std::size_t used_ = 0;
    std::size_t end_ = in_place;
    std::size_t taken_ = 0;  // From the heap.
    std::vector<std::unique_ptr<std::byte[]>> chunks_;
};

}  // namespace loom::host
