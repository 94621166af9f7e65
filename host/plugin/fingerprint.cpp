// SPDX-License-Identifier: Apache-2.0
#include "fingerprint.hpp"

#include "octet_source.hpp"

#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <vector>

namespace loom::host {
namespace {

constexpr std::uint64_t c1 = 0x87c37b91114253d5;
constexpr std::uint64_t c2 = 0x4cf5ad432745937f;
constexpr std::size_t chunk_size = 128 * 1024;

std::uint64_t word_at(const std::byte* octets) {
    std::uint64_t word = 0;
    std::memcpy(&word, octets, sizeof word);
    return word;
}

std::uint64_t mixed_first(std::uint64_t word) { return std::rotl(word * c1, 31) * c2; }
std::uint64_t mixed_second(std::uint64_t word) { return std::rotl(word * c2, 33) * c1; }

std::uint64_t avalanche(std::uint64_t word) {
    word = (word ^ (word >> 33U)) * 0xff51afd7ed558ccd;
    word = (word ^ (word >> 33U)) * 0xc4ceb9fe1a85ec53;
    return word ^ (word >> 33U);
}

std::int64_t nanoseconds(const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Result<FileIdentity> identity_of(int descriptor, const std::filesystem::path& shown) {
    struct stat status {};
    if (::fstat(descriptor, &status) == 0) return FileIdentity::from(status);
    return std::unexpected{
        Error{fmt::format("{}: {}", printable(shown.native()), std::strerror(errno))}};
}

}  // namespace

std::string Fingerprint::text() const { return fmt::format("{:016x}{:016x}", high, low); }

void FingerprintBuilder::add(std::span<const std::byte> octets) {
    const std::size_t used = size_ % block_size;
    size_ += octets.size();
    if (used != 0) {
        const auto part = octets.first(std::min(octets.size(), block_size - used));
        std::ranges::copy(part, rest_.data() + used);
        if (used + part.size() < block_size) return;
        add_block(rest_.data());
        octets = octets.subspan(part.size());
    }
    for (; octets.size() >= block_size; octets = octets.subspan(block_size)) {
        add_block(octets.data());
    }
    std::ranges::copy(octets, rest_.data());
}

void FingerprintBuilder::add_block(const std::byte* block) {
    first_ ^= mixed_first(word_at(block));
    first_ = (std::rotl(first_, 27) + second_) * 5 + 0x52dce729;
    second_ ^= mixed_second(word_at(block + 8));
    second_ = (std::rotl(second_, 31) + first_) * 5 + 0x38495ab5;
}

Fingerprint FingerprintBuilder::finish() const {
    std::array<std::byte, block_size> tail{};
    std::ranges::copy_n(rest_.begin(), static_cast<int>(size_ % block_size), tail.begin());
    std::uint64_t high = first_ ^ mixed_first(word_at(tail.data())) ^ size_;
    std::uint64_t low = second_ ^ mixed_second(word_at(tail.data() + 8)) ^ size_;
    high += low;
    low += high;
    high = avalanche(high);
    low = avalanche(low);
    high += low;
    low += high;
    return {high, low};
}

Fingerprint fingerprint(std::span<const std::byte> octets) {
    FingerprintBuilder builder;
    builder.add(octets);
    return builder.finish();
}

FileIdentity FileIdentity::from(const struct stat& status) {
    return {
        status.st_dev,
        status.st_ino,
        static_cast<std::uint64_t>(status.st_size),
        nanoseconds(status.st_mtim),
        nanoseconds(status.st_ctim)};
}

Result<Fingerprint> fingerprint_descriptor(int descriptor, const std::filesystem::path& shown) {
    FingerprintBuilder builder;
    std::vector<std::byte> chunk(chunk_size);
    for (off_t offset = 0;;) {
        const auto got = ::pread(descriptor, chunk.data(), chunk.size(), offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            return std::unexpected{Error{fmt::format(
                "{}: cannot be read: {}", printable(shown.native()), std::strerror(errno))}};
        }
        if (got == 0) return builder.finish();
        builder.add(std::span{chunk}.first(static_cast<std::size_t>(got)));
        offset += got;
    }
}

Result<FileFingerprint>
fingerprint_file(const std::filesystem::path& path, const FileFingerprint* known) {
    const auto file = FileOctets::open(path);
    if (!file) return std::unexpected{file.error()};
    const auto identity = identity_of(file->descriptor(), path);
    if (!identity) return std::unexpected{identity.error()};
    if (known != nullptr && known->identity == *identity) return *known;
    const auto content = fingerprint_descriptor(file->descriptor(), path);
    if (!content) return std::unexpected{content.error()};
    return FileFingerprint{*identity, *content};
}

}  // namespace loom::host
