// SPDX-License-Identifier: Apache-2.0
// Memory that lives as long as a query.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace loom::harness {

/// Gives each allocation a block of its own and of its exact size, so that AddressSanitizer sees
/// every octet beyond. What is handed out is not zero.
class QueryMemory {
public:
    /// 64 KiB and the largest message (loom_host.alloc).
    static constexpr std::size_t limit = 65536 + 65535;

    /// Null where the limit is reached. `align` is a power of two.
    void* allocate(std::size_t size, std::size_t align);
    /// The same filled with zeros, and not counted.
    void* allocate_scratch(std::size_t size);

    void release();

private:
    struct Free {
        std::align_val_t align{};
        void operator()(std::byte* block) const { ::operator delete(block, align); }
    };
    using Block = std::unique_ptr<std::byte, Free>;

    std::byte* add_block(std::size_t size, std::size_t align);

    std::vector<Block> blocks_;
    std::size_t used_ = 0;
};

}  // namespace loom::harness
