// SPDX-License-Identifier: Apache-2.0
#include "private_copy.hpp"

#include "octet_source.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace loom::host {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t chunk_size = 128 * 1024;
constexpr std::size_t id_size_max = 48;
constexpr std::string_view lock_name = "lock";
constexpr std::string_view suffix = ".so";

// Of the process, not of a folder: the loader remembers names for as long.
std::atomic<std::uint64_t> last_number{0};

std::unexpected<Error> failure(const fs::path& path, std::string_view what) {
    return std::unexpected{
        Error{fmt::format("{}: {}", printable(path.native(), 320), what), Failure::plugin_copy}};
}

std::unexpected<Error> system_failure(const fs::path& path, std::string_view what) {
    return failure(path, fmt::format("{}: {}", what, std::strerror(errno)));
}

class Descriptor {
public:
    explicit Descriptor(int number) : number_{number} {}
    Descriptor(Descriptor&&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    [[nodiscard]] int get() const { return number_; }
    [[nodiscard]] int release() { return std::exchange(number_, -1); }

private:
    int number_;
};

/// Whoever owns a folder, or may write to it, can exchange what is in it.
Result<void> check_owner(const fs::path& folder, const struct stat& status) {
    if (status.st_uid == 0 || status.st_uid == ::geteuid()) return {};
    return failure(
        folder,
        fmt::format(
            "belongs to user {}, who could exchange plugins; set host.run_dir to a folder of root "
            "or of the user that dnsloom runs as",
            status.st_uid));
}

Result<void> check_folder(const fs::path& folder) {
    struct stat status {};
    if (::lstat(folder.c_str(), &status) != 0) return system_failure(folder, "cannot be used");
    if (!S_ISDIR(status.st_mode)) return failure(folder, "is not a folder; remove it");
    if (auto done = check_owner(folder, status); !done) return done;
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
    return failure(
        folder, "can be written to by others, who could exchange plugins; chmod 0700 it");
}

/// Of a folder above: its users may not rename what is in it. In a sticky one (/tmp) they cannot.
Result<void> check_ancestor(const fs::path& folder) {
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0) return system_failure(folder, "cannot be used");
    if (auto done = check_owner(folder, status); !done) return done;
    const bool own_group = status.st_gid == 0 || status.st_gid == ::getegid();
    const bool open =
        (status.st_mode & S_IWOTH) != 0 || ((status.st_mode & S_IWGRP) != 0 && !own_group);
    if (!open || (status.st_mode & S_ISVTX) != 0) return {};
    return failure(
        folder,
        "can be written to by others, who could exchange plugins; take away their right, or set "
        "host.run_dir to another folder");
}

Result<fs::path> make_folder(const fs::path& run_dir) {
    std::error_code error;
    fs::create_directories(run_dir, error);
    if (error) return failure(run_dir, "cannot be made: " + error.message());
    // Without symbolic links, so that each folder on the way is looked at.
    auto folder = fs::canonical(run_dir, error);
    if (error) return failure(run_dir, "cannot be used: " + error.message());
    for (fs::path each = folder;; each = each.parent_path()) {
        if (auto done = check_ancestor(each); !done) return std::unexpected{done.error()};
        if (each == each.root_path()) break;
    }
    folder /= "plugins";
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        return system_failure(folder, "cannot be made");
    }
    if (auto done = check_folder(folder); !done) return std::unexpected{done.error()};
    return folder;
}

Result<void> check_execution(const fs::path& folder) {
    struct statvfs status {};
    if (::statvfs(folder.c_str(), &status) != 0) return system_failure(folder, "cannot be used");
    if ((status.f_flag & ST_NOEXEC) == 0) return {};
    return failure(
        folder,
        "is on a file system that is mounted noexec, so no plugin can be loaded from it; set "
        "host.run_dir to a folder elsewhere, such as /var/lib/dnsloom");
}

void remove_leftovers(const fs::path& folder) {
    std::error_code error;
    for (fs::directory_iterator at{folder, error}, end; !error && at != end; at.increment(error)) {
        if (at->path().extension() != suffix) continue;
        // One that cannot be removed does no harm: its name is not used again.
        ::unlink(at->path().c_str());
    }
}

/// Takes part in the folder, after clearing it where nobody else does.
Result<int> lock_folder(const fs::path& folder) {
    const auto path = folder / lock_name;
    Descriptor lock{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (lock.get() < 0) return system_failure(path, "cannot be opened");
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) remove_leftovers(folder);
    // Waits at most until another host that starts has cleared the folder.
    while (::flock(lock.get(), LOCK_SH) != 0) {
        if (errno != EINTR) return system_failure(path, "cannot be locked");
    }
    return lock.release();
}

std::string file_name_part(std::string_view id) {
    std::string part{id.substr(0, id_size_max)};
    for (char& each : part) {
        const bool plain = std::isalnum(static_cast<unsigned char>(each)) != 0;
        if (!plain && each != '_' && each != '-') each = '_';
    }
    return part;
}

bool write_all(int descriptor, std::span<const std::byte> octets) {
    while (!octets.empty()) {
        const auto done = ::write(descriptor, octets.data(), octets.size());
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return false;
        octets = octets.subspan(static_cast<std::size_t>(done));
    }
    return true;
}

/// The fingerprint of what was written.
Result<Fingerprint> transfer(int from, const fs::path& from_path, int to, const fs::path& to_path) {
    FingerprintBuilder builder;
    std::vector<std::byte> chunk(chunk_size);
    for (off_t offset = 0;;) {
        const auto got = ::pread(from, chunk.data(), chunk.size(), offset);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_failure(from_path, "cannot be read");
        if (got == 0) return builder.finish();
        const auto octets = std::span{chunk}.first(static_cast<std::size_t>(got));
        if (!write_all(to, octets)) return system_failure(to_path, "cannot be written");
        builder.add(octets);
        offset += got;
    }
}

Result<FileIdentity> identity_of(int file, const fs::path& path) {
    struct stat status {};
    if (::fstat(file, &status) != 0) return system_failure(path, "cannot be read");
    return FileIdentity::from(status);
}

/// Whether `path` still names the file of that identity, and not one that was moved over it.
bool still_names(const fs::path& path, const FileIdentity& identity) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && FileIdentity::from(status) == identity;
}

std::unexpected<Error> changed(const fs::path& source) {
    return failure(
        source,
        "changed while it was copied; put it in place with install(1) or mv, then reload again");
}

}  // namespace

PrivateCopy::PrivateCopy(PrivateCopy&& other) noexcept
    : path_{std::exchange(other.path_, {})}, source_{other.source_} {}

PrivateCopy& PrivateCopy::operator=(PrivateCopy&& other) noexcept {
    if (this == &other) return *this;
    remove();
    path_ = std::exchange(other.path_, {});
    source_ = other.source_;
    return *this;
}

PrivateCopy::~PrivateCopy() { remove(); }

void PrivateCopy::remove() noexcept {
    if (!path_.empty()) ::unlink(path_.c_str());
}

Result<CopyFolder> CopyFolder::open(const fs::path& run_dir) {
    auto folder = make_folder(run_dir);
    if (!folder) return std::unexpected{folder.error()};
    if (auto done = check_execution(*folder); !done) return std::unexpected{done.error()};
    const auto lock = lock_folder(*folder);
    if (!lock) return std::unexpected{lock.error()};
    return CopyFolder{std::move(*folder), *lock};
}

CopyFolder::CopyFolder(CopyFolder&& other) noexcept
    : path_{std::move(other.path_)},
      lock_{std::exchange(other.lock_, -1)},
      retired_{std::move(other.retired_)} {}

CopyFolder::~CopyFolder() {
    retired_.clear();
    if (lock_ >= 0) ::close(lock_);
}

Result<PrivateCopy> CopyFolder::copy(const fs::path& source, std::string_view id) {
    const auto file = FileOctets::open(source);
    if (!file) return std::unexpected{file.error()};
    return copy_open_file(file->descriptor(), source, id);
}

Result<PrivateCopy>
CopyFolder::copy_open_file(int source, const fs::path& source_path, std::string_view id) {
    const auto identity = identity_of(source, source_path);
    if (!identity) return std::unexpected{identity.error()};
    const auto content = fingerprint_descriptor(source, source_path);
    if (!content) return std::unexpected{content.error()};

    fs::path path;
    const auto created = create_copy(id, *content, path);
    if (!created) return std::unexpected{created.error()};
    const Descriptor target{*created};
    PrivateCopy copy{path, {*identity, *content}};
    const auto written = transfer(source, source_path, target.get(), path);
    if (!written) return std::unexpected{written.error()};

    const bool same = *written == *content && still_names(source_path, *identity);
    if (!same) return changed(source_path);
    return copy;
}

Result<int>
CopyFolder::create_copy(std::string_view id, const Fingerprint& content, fs::path& path) {
    for (;;) {
        path = path_ /
               fmt::format(
                   "{}-{}-{}{}", ++last_number, file_name_part(id), content.short_text(), suffix);
        const int created =
            ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0500);
        if (created >= 0) return created;
        // Another host in the same folder may have that number.
        if (errno != EEXIST) return system_failure(path, "cannot be made");
    }
}

void CopyFolder::retire(PrivateCopy copy) {
    retired_.push_back(std::move(copy));
    if (retired_.size() > retired_max) retired_.pop_front();
}

}  // namespace loom::host
