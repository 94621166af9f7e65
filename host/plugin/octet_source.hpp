// SPDX-License-Identifier: Apache-2.0
// Octets that can be read at any offset without mapping them: a file cut short while it is read
// gives a short read, never SIGBUS.
#pragma once

#include "../config/error.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace loom::host {

class OctetSource {
public:
    virtual ~OctetSource() = default;

    [[nodiscard]] virtual std::uint64_t size() const = 0;

    /// Fills `out` from `offset` on. False if not all of it is there.
    [[nodiscard]] virtual bool read(std::uint64_t offset, std::span<std::byte> out) const = 0;
};

/// Octets in memory that outlives the source.
class MemoryOctets final : public OctetSource {
public:
    explicit MemoryOctets(std::span<const std::byte> octets) : octets_{octets} {}

    [[nodiscard]] std::uint64_t size() const override { return octets_.size(); }
    [[nodiscard]] bool read(std::uint64_t offset, std::span<std::byte> out) const override;

private:
    std::span<const std::byte> octets_;
};

/// A regular file, open for as long as the source lives.
class FileOctets final : public OctetSource {
public:
    /// The error names the file.
    [[nodiscard]] static Result<FileOctets> open(const std::filesystem::path& path);

    FileOctets(FileOctets&& other) noexcept;
    FileOctets& operator=(FileOctets&&) = delete;
    ~FileOctets() override;

    /// As it was when the file was opened.
    [[nodiscard]] std::uint64_t size() const override { return size_; }
    [[nodiscard]] bool read(std::uint64_t offset, std::span<std::byte> out) const override;

    /// The descriptor, still the source's.
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    FileOctets(int descriptor, std::uint64_t size) : descriptor_{descriptor}, size_{size} {}

    int descriptor_;
    std::uint64_t size_;
};

}  // namespace loom::host
