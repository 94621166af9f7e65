// SPDX-License-Identifier: Apache-2.0
// Master file text, from a file or from memory, handed out in pieces that end in a NUL.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace loom::dns {

/// A window that moves over the text. It is as large as one piece, or as the longest entry needs.
class ZoneTextSource {
public:
    enum class FileKind : unsigned char {
        any,      ///< Pipes and devices too: what the operator named.
        regular,  ///< What a zone text may name.
    };

    /// Opens a file; the error says why not, as in `No such file or directory`.
    [[nodiscard]] static std::expected<ZoneTextSource, std::string>
    open(const std::filesystem::path& path, FileKind kind);

    /// Reads from `text`, which must outlive the source.
    explicit ZoneTextSource(std::string_view text);

    ZoneTextSource(ZoneTextSource&& other) noexcept;
    ZoneTextSource(const ZoneTextSource&) = delete;
    ZoneTextSource& operator=(const ZoneTextSource&) = delete;
    ZoneTextSource& operator=(ZoneTextSource&&) = delete;
    ~ZoneTextSource();

    /// Keeps the last `kept` octets of the window and puts more text behind them. The error is that
    /// of the operating system.
    [[nodiscard]] std::expected<std::string_view, std::string> advance(std::size_t kept);

    /// Whether the window reaches to the end of the text.
    bool is_last() const { return last_; }

    /// Whether both are the same file.
    bool same_file(const ZoneTextSource& other) const {
        return file_ >= 0 && other.file_ >= 0 && device_ == other.device_ && inode_ == other.inode_;
    }

private:
    explicit ZoneTextSource(int file) : file_{file} {}

    std::expected<std::size_t, std::string> read(char* out, std::size_t size);

    int file_ = -1;
    dev_t device_ = 0;
    ino_t inode_ = 0;
    std::string_view text_;
    std::unique_ptr<char[]> window_;  // One octet larger than `capacity_`, for the NUL.
    std::size_t capacity_ = 0;
    std::size_t size_ = 0;
    bool last_ = false;
};

}  // namespace loom::dns
