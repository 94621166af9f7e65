// SPDX-License-Identifier: Apache-2.0
// Private copies of plugin files. Only these are loaded, each under a name that was never used
// before: dlopen() gives the old code for a path (or file) that is still loaded, and code that
// somebody overwrites in place changes or crashes while it runs.
#pragma once

#include "../config/error.hpp"
#include "fingerprint.hpp"

#include <cstddef>
#include <deque>
#include <filesystem>
#include <string>
#include <string_view>

namespace loom::host {

/// One copy on disk; removed with the object.
class PrivateCopy {
public:
    PrivateCopy(PrivateCopy&& other) noexcept;
    PrivateCopy& operator=(PrivateCopy&& other) noexcept;
    ~PrivateCopy();

    /// Absolute.
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// What it is a copy of, as that was when it was copied.
    [[nodiscard]] const FileFingerprint& source() const { return source_; }

private:
    friend class CopyFolder;
    PrivateCopy(std::filesystem::path path, const FileFingerprint& source)
        : path_{std::move(path)}, source_{source} {}

    void remove() noexcept;

    std::filesystem::path path_;  // Empty: moved from.
    FileFingerprint source_;
};

/// `<run_dir>/plugins`, where the copies of this process are. Several hosts may share it: each holds
/// a lock, and only one that finds itself alone clears what dead ones left. Not thread-safe.
class CopyFolder {
public:
    /// Copies that stay on disk after their code was unloaded, so that debuggers and profilers can
    /// name what they see.
    static constexpr std::size_t retired_max = 8;

    /// Makes the folder if need be. Refused: one that another user than root could write to,
    /// and one on a file system from which no code may be mapped.
    [[nodiscard]] static Result<CopyFolder> open(const std::filesystem::path& run_dir);

    CopyFolder(CopyFolder&& other) noexcept;
    CopyFolder& operator=(CopyFolder&&) = delete;
    ~CopyFolder();

    /// Copies `source` to `<number>-<id>-<hash>.so`. Fails if the source changes meanwhile.
    [[nodiscard]] Result<PrivateCopy>
    copy(const std::filesystem::path& source, std::string_view id);

    /// Takes a copy whose code is unloaded; the oldest beyond retired_max is removed.
    void retire(PrivateCopy copy);

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    CopyFolder(std::filesystem::path path, int lock) : path_{std::move(path)}, lock_{lock} {}

    [[nodiscard]] Result<PrivateCopy>
    copy_open_file(int source, const std::filesystem::path& source_path, std::string_view id);
    [[nodiscard]] Result<int>
    create_copy(std::string_view id, const Fingerprint& content, std::filesystem::path& path);

    std::filesystem::path path_;
    int lock_;
    std::deque<PrivateCopy> retired_;  // Oldest first.
};

}  // namespace loom::host
