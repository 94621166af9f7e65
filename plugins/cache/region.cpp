// SPDX-License-Identifier: Apache-2.0
#include "region.hpp"

#include <sys/mman.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

namespace loom::cache {
namespace {

// The index may grow until it has a place for every 96 octets at least, which is a small answer.
constexpr std::size_t octets_per_pair = 2 * Bucket::places * 96;
// It begins with as many as fit a page or two.
constexpr std::size_t pairs_at_first = 64;

std::size_t page_size() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

void lay_out(RegionHeader& header, std::size_t size) {
    const std::size_t pairs_max = std::bit_ceil(size / octets_per_pair);
    header.magic = region_magic;
    header.size = size;
    header.layout = layout_version;
    header.pairs_max = static_cast<std::uint32_t>(pairs_max);
    header.pairs = static_cast<std::uint32_t>(std::min(pairs_at_first, pairs_max));
    header.pair_mask = header.pairs - 1;
    header.log_begin = sizeof(RegionHeader) + pairs_max * sizeof(BucketPair);
    header.log_end = size / log_unit * log_unit;
    header.head = header.tail = header.wrap_at = header.log_begin;
    header.references.store(1, std::memory_order_relaxed);
}

// Memory that the kernel fills on first use. Hits are spread over all of it: with pages of 4 KiB
// each would also miss the TLB, so it begins where a huge page can.
void* map(std::size_t size) {
    constexpr std::size_t huge_page = std::size_t{2} << 20U;
    const std::size_t spare = size >= huge_page ? huge_page : 0;
    void* memory = mmap(
        nullptr,
        size + spare,
        PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
        -1,
        0);
    if (memory == MAP_FAILED) return nullptr;
    if (spare == 0) return memory;
    const auto begin = reinterpret_cast<std::uintptr_t>(memory);
    const std::size_t front = (huge_page - begin % huge_page) % huge_page;
    auto* aligned = static_cast<std::byte*>(memory) + front;
    if (front != 0) munmap(memory, front);
    if (front != spare) munmap(aligned + size, spare - front);
    madvise(aligned, size, MADV_HUGEPAGE);
    return aligned;
}

// What the first octets of a header look like.
struct Claim {
    std::uint64_t magic;
    std::uint64_t size;
    std::uint64_t nonce;
    std::uint32_t layout;
};
static_assert(offsetof(RegionHeader, layout) == offsetof(Claim, layout));

// The kernel reads for us: an address where nothing is gives an error, not a fault.
std::optional<Claim> read_claim(std::uint64_t address) {
    Claim claim{};
    const iovec here{&claim, sizeof claim};
    const iovec there{reinterpret_cast<void*>(address), sizeof claim};
    const ssize_t got = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
    if (got != static_cast<ssize_t>(sizeof claim)) return std::nullopt;
    return claim;
}

}  // namespace

std::size_t Region::whole_pages(std::size_t size) { return size / page_size() * page_size(); }

std::optional<Region> Region::create(std::size_t size) {
    size = whole_pages(size);
    if (size < size_min || size > size_max) return std::nullopt;
    std::uint64_t nonce = 0;
    if (getrandom(&nonce, sizeof nonce, 0) != sizeof nonce) return std::nullopt;

    void* memory = map(size);
    if (memory == nullptr) return std::nullopt;
    auto* header = new (memory) RegionHeader{};
    header->nonce = nonce;
    lay_out(*header, size);
    return Region{header};
}

std::optional<Region> Region::attach(const RegionAddress& where) {
    if (where.address == 0 || where.address % page_size() != 0) return std::nullopt;
    const auto claim = read_claim(where.address);
    if (!claim || claim->magic != region_magic || claim->layout != layout_version)
        return std::nullopt;
    if (claim->size != where.size || claim->nonce != where.nonce) return std::nullopt;

    auto* header = reinterpret_cast<RegionHeader*>(where.address);
    header->references.fetch_add(1, std::memory_order_relaxed);
    return Region{header};
}

Region::~Region() {
    if (header_ == nullptr) return;
    if (header_->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    munmap(header_, header_->size);
}

RegionAddress Region::address() const {
    return {reinterpret_cast<std::uint64_t>(header_), header_->size, header_->nonce};
}

}  // namespace loom::cache
