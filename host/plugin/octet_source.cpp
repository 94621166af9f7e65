// SPDX-License-Identifier: Apache-2.0
#include "octet_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace loom::host {

bool MemoryOctets::read(std::uint64_t offset, std::span<std::byte> out) const {
    if (offset > octets_.size() || out.size() > octets_.size() - offset) return false;
    std::ranges::copy(octets_.subspan(offset, out.size()), out.begin());
    return true;
}

Result<FileOctets> FileOctets::open(const std::filesystem::path& path) {
    // O_NONBLOCK: opening a FIFO of that name must not wait for a writer.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        return std::unexpected{
            Error{
            printable(path.native()) + ": cannot be opened: " + std::strerror(errno),
            Failure::plugin_missing}};
    }
    struct stat status {};
    FileOctets file{descriptor, 0};
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        return std::unexpected{Error{
            printable(path.native()) + ": is not a regular file", Failure::plugin_missing}};
    }
    file.size_ = static_cast<std::uint64_t>(status.st_size);
    return file;
}

FileOctets::FileOctets(FileOctets&& other) noexcept
    : descriptor_{std::exchange(other.descriptor_, -1)}, size_{other.size_} {}

FileOctets::~FileOctets() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool FileOctets::read(std::uint64_t offset, std::span<std::byte> out) const {
    while (!out.empty()) {
        const auto got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        out = out.subspan(static_cast<std::size_t>(got));
        offset += static_cast<std::uint64_t>(got);
    }
    return true;
}

}  // namespace loom::host
