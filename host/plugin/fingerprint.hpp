// SPDX-License-Identifier: Apache-2.0
// Tells whether a file's content changed: by a hash of all of it, and by what stat() says, which
// saves hashing a file that nobody touched.
#pragma once

#include "../config/error.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

struct stat;

namespace loom::host {

/// 128 bits over a content: equal contents have equal ones, and others by accident do not. Not
/// proof against somebody who looks for a collision.
struct Fingerprint {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    auto operator<=>(const Fingerprint&) const = default;

    /// 32 hexadecimal digits.
    [[nodiscard]] std::string text() const;
    /// The first 8 of them, for file names and logs.
    [[nodiscard]] std::string short_text() const { return text().substr(0, 8); }
};

/// Takes a content in pieces (MurmurHash3 x64 128, Austin Appleby, public domain).
class FingerprintBuilder {
public:
    void add(std::span<const std::byte> octets);
    [[nodiscard]] Fingerprint finish() const;

private:
    static constexpr std::size_t block_size = 16;

    void add_block(const std::byte* block);

    std::uint64_t first_ = 0;
    std::uint64_t second_ = 0;
    std::uint64_t size_ = 0;
    std::array<std::byte, block_size> rest_{};  // The first size_ % block_size are used.
};

[[nodiscard]] Fingerprint fingerprint(std::span<const std::byte> octets);

/// What changes when a file is replaced or written to, short of setting the clock back.
struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;  ///< Of the inode: unlike the other not set by `cp -p` and rsync.

    auto operator<=>(const FileIdentity&) const = default;

    [[nodiscard]] static FileIdentity from(const struct stat& status);
};

struct FileFingerprint {
    FileIdentity identity;
    Fingerprint content;
};

/// Of the file at `path`. Where its identity is still `known`'s, so is its content, and it is not
/// read; `known` may be null.
[[nodiscard]] Result<FileFingerprint>
fingerprint_file(const std::filesystem::path& path, const FileFingerprint* known = nullptr);

/// Of an open file, from its beginning; the descriptor's position stays.
[[nodiscard]] Result<Fingerprint>
fingerprint_descriptor(int descriptor, const std::filesystem::path& shown);

}  // namespace loom::host
