// SPDX-License-Identifier: Apache-2.0
// Master file text in pieces. Files are read and not mapped: a mapped file that another process
// cuts short would end the server with SIGBUS.
#include "zone_text_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace loom::dns {
namespace {

// Small enough to stay in the processor's cache while it is scanned.
constexpr std::size_t piece_size = std::size_t{256} << 10U;

std::string system_message(int error) { return std::generic_category().message(error); }

}  // namespace

std::expected<ZoneTextSource, std::string>
ZoneTextSource::open(const std::filesystem::path& path, FileKind kind) {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    const int flags =
        O_RDONLY | O_CLOEXEC | O_NOCTTY | (kind == FileKind::regular ? O_NONBLOCK : 0);
    ZoneTextSource source{::open(path.c_str(), flags)};
    if (source.file_ < 0) return std::unexpected{system_message(errno)};
    struct stat status {};
    if (::fstat(source.file_, &status) != 0) return std::unexpected{system_message(errno)};
    if (S_ISDIR(status.st_mode)) return std::unexpected{system_message(EISDIR)};
    if (kind == FileKind::regular && !S_ISREG(status.st_mode)) {
        return std::unexpected{std::string{"Not a regular file"}};
    }
    source.device_ = status.st_dev;
    source.inode_ = status.st_ino;
    return source;
}

ZoneTextSource::ZoneTextSource(std::string_view text) : text_{text} {}

ZoneTextSource::ZoneTextSource(ZoneTextSource&& other) noexcept
    : file_{std::exchange(other.file_, -1)},
      device_{other.device_},
      inode_{other.inode_},
      text_{other.text_},
      window_{std::move(other.window_)},
      capacity_{std::exchange(other.capacity_, 0)},
      size_{std::exchange(other.size_, 0)},
      last_{other.last_} {}

ZoneTextSource::~ZoneTextSource() {
    if (file_ >= 0) ::close(file_);
}

std::expected<std::string_view, std::string> ZoneTextSource::advance(std::size_t kept) {
    const char* const keep_from = window_.get() + (size_ - kept);
    if (kept > capacity_ / 2 || capacity_ == 0) {
        const std::size_t text_size = file_ < 0 ? text_.size() + 1 : piece_size;
        const std::size_t capacity =
            capacity_ == 0 ? std::min(piece_size, text_size) : capacity_ * 2;
        auto window = std::make_unique_for_overwrite<char[]>(capacity + 1);
        if (kept != 0) std::memcpy(window.get(), keep_from, kept);
        window_ = std::move(window);
        capacity_ = capacity;
    } else if (kept != 0) {
        std::memmove(window_.get(), keep_from, kept);
    }

    size_ = kept;
    while (size_ != capacity_) {
        const auto got = read(window_.get() + size_, capacity_ - size_);
        if (!got) return std::unexpected{got.error()};
        size_ += *got;
        last_ = *got == 0;
        if (last_) break;
    }
    window_[size_] = '\0';
    return std::string_view{window_.get(), size_};
}

std::expected<std::size_t, std::string> ZoneTextSource::read(char* out, std::size_t size) {
    if (file_ < 0) {
        const std::size_t count = std::min(size, text_.size());
        if (count != 0) std::memcpy(out, text_.data(), count);
        text_.remove_prefix(count);
        return count;
    }
    for (;;) {
        const ssize_t count = ::read(file_, out, size);
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno != EINTR) return std::unexpected{system_message(errno)};
    }
}

}  // namespace loom::dns
