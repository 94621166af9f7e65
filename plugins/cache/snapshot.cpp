// SPDX-License-Identifier: Apache-2.0
#include "snapshot.hpp"

#include <dnsloom/dns/wire.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace loom::cache {
namespace {

constexpr std::string_view first_line = "dnsloom cache 1\n";
// Message size, options size, worker, key bits, time.
constexpr std::size_t head_size = 2 + 2 + 2 + 1 + 8;
constexpr std::size_t checksum_size = 8;
constexpr std::uint64_t checksum_begin = 0xCBF29CE484222325U;

// FNV-1a.
std::uint64_t checksum(std::uint64_t sum, std::span<const std::uint8_t> octets) {
    for (const std::uint8_t octet : octets) sum = (sum ^ octet) * 0x100000001B3U;
    return sum;
}

void store_u64(std::uint8_t* at, std::uint64_t value) {
    dns::store_u32(at, static_cast<std::uint32_t>(value >> 32U));
    dns::store_u32(at + 4, static_cast<std::uint32_t>(value));
}
std::uint64_t load_u64(const std::uint8_t* at) {
    return std::uint64_t{dns::load_u32(at)} << 32U | dns::load_u32(at + 4);
}

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error{errno, std::generic_category(), what};
}

bool read(std::FILE* file, std::span<std::uint8_t> room) {
    return std::fread(room.data(), 1, room.size(), file) == room.size();
}

// The octets between the first line and the checksum, if they are what was written.
std::expected<std::uint64_t, std::string> check(std::FILE* file, std::uint64_t size) {
    std::array<std::uint8_t, first_line.size()> line;
    if (size < line.size() + checksum_size || !read(file, line) ||
        std::memcmp(line.data(), first_line.data(), line.size()) != 0)
        return std::unexpected{"it was not written by this version of the cache"};
    std::uint64_t left = size - line.size() - checksum_size;
    const std::uint64_t body = left;
    std::uint64_t sum = checksum_begin;
    std::vector<std::uint8_t> room(std::size_t{64} << 10U);
    while (left != 0) {
        const auto part = std::span{room}.first(std::min<std::uint64_t>(left, room.size()));
        if (!read(file, part)) return std::unexpected{"it cannot be read to its end"};
        sum = checksum(sum, part);
        left -= part.size();
    }
    std::array<std::uint8_t, checksum_size> wanted;
    if (!read(file, wanted) || load_u64(wanted.data()) != sum)
        return std::unexpected{"it is damaged"};
    return body;
}

}  // namespace

SnapshotWriter::SnapshotWriter(std::string path)
    : path_{std::move(path)}, new_path_{path_ + ".new"}, checksum_{checksum_begin} {
    ::unlink(new_path_.c_str());
    const int fd = ::open(new_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) fail(new_path_);
    file_.reset(::fdopen(fd, "w"));
    if (!file_) {
        ::close(fd);
        fail(new_path_);
    }
    if (std::fwrite(first_line.data(), 1, first_line.size(), file_.get()) != first_line.size())
        fail(new_path_);
}

SnapshotWriter::~SnapshotWriter() {
    if (file_) ::unlink(new_path_.c_str());
}

void SnapshotWriter::put(std::span<const std::uint8_t> octets) {
    checksum_ = checksum(checksum_, octets);
    if (std::fwrite(octets.data(), 1, octets.size(), file_.get()) != octets.size()) fail(new_path_);
}

void SnapshotWriter::add(const SavedAnswer& answer) {
    std::array<std::uint8_t, head_size> head;
    dns::store_u16(head.data(), static_cast<std::uint16_t>(answer.message.size()));
    dns::store_u16(head.data() + 2, static_cast<std::uint16_t>(answer.options.size()));
    dns::store_u16(head.data() + 4, answer.worker);
    head[6] = answer.bits;
    store_u64(head.data() + 7, answer.stored_s);
    put(head);
    put(answer.message);
    put(answer.options);
}

void SnapshotWriter::finish() {
    std::array<std::uint8_t, checksum_size> octets;
    store_u64(octets.data(), checksum_);
    std::FILE* const file = file_.get();
    if (std::fwrite(octets.data(), 1, octets.size(), file) != octets.size() ||
        std::fflush(file) != 0 || ::fsync(::fileno(file)) != 0 ||
        std::rename(new_path_.c_str(), path_.c_str()) != 0)
        fail(new_path_);
    file_.reset();
}

std::expected<std::size_t, std::string> read_snapshot(
    const std::string& path,
    std::uint64_t size_max,
    const std::function<void(const SavedAnswer&)>& take) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) return 0;
    const SnapshotFile file{fd < 0 ? nullptr : ::fdopen(fd, "r")};
    struct stat info {};
    if (!file || ::fstat(::fileno(file.get()), &info) != 0)
        return std::unexpected{std::string{std::strerror(errno)}};
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (!S_ISREG(info.st_mode)) return std::unexpected{"it is no regular file"};
    if (size > size_max) return std::unexpected{"it is larger than the cache"};

    auto left = check(file.get(), size);
    if (!left) return std::unexpected{left.error()};
    std::rewind(file.get());
    std::fseek(file.get(), first_line.size(), SEEK_SET);
    std::size_t count = 0;
    std::vector<std::uint8_t> room(2 * 0x10000);
    while (*left != 0) {
        std::array<std::uint8_t, head_size> head;
        if (*left < head.size() || !read(file.get(), head))
            return std::unexpected{"a record in it is cut short"};
        const std::size_t message_size = dns::load_u16(head.data());
        const std::size_t octets = message_size + dns::load_u16(head.data() + 2);
        if (*left - head.size() < octets || !read(file.get(), std::span{room}.first(octets)))
            return std::unexpected{"a record in it is cut short"};
        *left -= head.size() + octets;
        take(
            {dns::load_u16(head.data() + 4),
             head[6],
             load_u64(head.data() + 7),
             std::span{room}.first(message_size),
             std::span{room}.subspan(message_size, octets - message_size)});
        ++count;
    }
    return count;
}

}  // namespace loom::cache
