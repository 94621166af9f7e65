// SPDX-License-Identifier: Apache-2.0
// Answers in a file, from the end of one process to the start of the next.
//
// The file begins with a line of text. Records follow, each with a fixed head (see snapshot.cpp), and at
// the end comes a checksum against accidents. It is never trusted: who loads it looks through every
// message as if it had just come from an upstream. Numbers are big-endian.
#pragma once

#include "layout.hpp"

#include <cstdint>
#include <cstdio>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace loom::cache {

/// One answer. The spans live as long as the call that they are given to.
struct SavedAnswer {
    std::uint16_t worker = 0;
    std::uint8_t bits = 0;       ///< key_*
    std::uint64_t stored_s = 0;  ///< Wall clock, since 1970.
    std::span<const std::uint8_t> message;
    std::span<const std::uint8_t> options;
};

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using SnapshotFile = std::unique_ptr<std::FILE, CloseFile>;

/// Writes a file beside `path` that takes its place when all is in it. Without finish() nothing has
/// happened. Throws std::system_error.
class SnapshotWriter {
public:
    explicit SnapshotWriter(std::string path);
    ~SnapshotWriter();
    SnapshotWriter(const SnapshotWriter&) = delete;
    SnapshotWriter& operator=(const SnapshotWriter&) = delete;

    void add(const SavedAnswer& answer);
    void finish();

private:
    void put(std::span<const std::uint8_t> octets);

    const std::string path_;
    const std::string new_path_;
    SnapshotFile file_;
    std::uint64_t checksum_;
};

/// Calls `take` for each answer, once the whole file is known to be undamaged. Returns how many there
/// were, or a sentence part that says what is wrong; a file that is not there has none.
[[nodiscard]] std::expected<std::size_t, std::string> read_snapshot(
    const std::string& path,
    std::uint64_t size_max,
    const std::function<void(const SavedAnswer&)>& take);

}  // namespace loom::cache
