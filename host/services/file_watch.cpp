// SPDX-License-Identifier: Apache-2.0
#include "file_watch.hpp"

#include "../net/event_loop.hpp"
#include "../plugin/fingerprint.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace loom::host {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

// Opened for writing and closed, renamed here, or a link made or removed. Not plain MODIFY: a file
// that is being copied is not ready.
constexpr std::uint32_t events_of_interest =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF |
    IN_MOVE_SELF | IN_ONLYDIR;

constexpr int links_max = 40;  // As the kernel's ELOOP.

std::string content_of(const std::string& path) {
    const auto fingerprint = fingerprint_file(path);
    return fingerprint ? fingerprint->content.text() : std::string{};
}

}  // namespace

FileWatch::FileWatch(EventLoop& loop)
    : loop_{loop}, inotify_{loop.context(), ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)} {
    wait();
}

FileWatch::~FileWatch() {
    if (timer_ != 0) loop_.cancel_timer(timer_);
}

loom_handle
FileWatch::file(std::string path, const Instance* owner, std::function<void()> changed) {
    Watched& watched = watched_[++last_];
    watched.path = std::move(path);
    watched.owner = owner;
    watched.changed = std::move(changed);
    follow(watched);
    watched.content = content_of(watched.path);
    return last_;
}

loom_handle FileWatch::folder(std::string path, std::function<void()> changed) {
    Watched& watched = watched_[++last_];
    watched.path = std::move(path);
    watched.changed = std::move(changed);
    watched.is_folder = true;
    follow(watched);
    return last_;
}

bool FileWatch::cancel(loom_handle handle) {
    if (watched_.erase(handle) == 0) return false;
    forget_unused();
    return true;
}

void FileWatch::remove_owner(const Instance* owner) {
    std::erase_if(watched_, [&](const auto& entry) { return entry.second.owner == owner; });
    forget_unused();
}

bool FileWatch::Watched::is_on_way(int descriptor, std::string_view name) const {
    return std::ranges::any_of(way, [&](const auto& place) {
        return place.first == descriptor && (is_folder || name.empty() || place.second == name);
    });
}

// Notes where the path leads through: the file itself, and every link on the way to it. Where the
// folder is missing, what is to come in the last one that is there.
void FileWatch::follow(Watched& watched) {
    watched.way.clear();
    fs::path path = watched.path;
    const auto note = [&](fs::path place) {
        for (; place.has_relative_path(); place = place.parent_path()) {
            const int descriptor = watch_folder(place.parent_path().string());
            if (descriptor < 0) continue;
            watched.way.emplace(descriptor, place.filename().string());
            return;
        }
    };
    if (watched.is_folder) {
        if (const int descriptor = watch_folder(path.string()); descriptor >= 0)
            watched.way.emplace(descriptor, std::string{});
    }
    for (int links = 0; links < links_max; ++links) {
        fs::path at;
        fs::path target;
        for (const fs::path& part : path) {
            at /= part;
            std::error_code error;
            if (!fs::is_symlink(at, error)) continue;
            note(at);
            const fs::path link = fs::read_symlink(at, error);
            if (error) continue;
            target = link.is_absolute() ? link : at.parent_path() / link;
            const fs::path rest = path.lexically_relative(at);
            path = (rest == "." ? target : target / rest).lexically_normal();
            break;
        }
        if (target.empty()) break;
    }
    note(path);
}

int FileWatch::watch_folder(const std::string& folder) {
    const std::string path = folder.empty() ? "." : folder;
    const int descriptor =
        ::inotify_add_watch(inotify_.native_handle(), path.c_str(), events_of_interest);
    if (descriptor >= 0) folders_[path] = descriptor;
    return descriptor;
}

void FileWatch::forget_unused() {
    std::erase_if(folders_, [&](const auto& entry) {
        const int descriptor = entry.second;
        const bool used = std::ranges::any_of(watched_, [&](const auto& watched) {
            return std::ranges::any_of(watched.second.way, [&](const auto& place) {
                return place.first == descriptor;
            });
        });
        if (!used) ::inotify_rm_watch(inotify_.native_handle(), descriptor);
        return !used;
    });
}

void FileWatch::wait() {
    inotify_.async_wait(
        asio::posix::descriptor_base::wait_read, [this](const boost::system::error_code& error) {
            if (error) return;
            on_readable();
            wait();
        });
}

void FileWatch::on_readable() {
    const EventLoop::Turn turn{loop_};
    alignas(inotify_event) std::array<char, 16384> room;
    while (true) {
        const ssize_t count = ::read(inotify_.native_handle(), room.data(), room.size());
        if (count <= 0) break;
        for (std::size_t at = 0; at < static_cast<std::size_t>(count);) {
            const auto* event = reinterpret_cast<const inotify_event*>(room.data() + at);
            at += sizeof(inotify_event) + event->len;
            mark_dirty(*event);
        }
    }
    // Each event starts the time anew, but a folder that is never quiet must not wait for ever.
    constexpr std::uint64_t waits_max = 8;
    if (timer_ == 0) dirty_since_ns_ = loop_.now_ns();
    if (timer_ != 0 && loop_.now_ns() - dirty_since_ns_ > waits_max * debounce_ns_) return;
    if (timer_ != 0) loop_.cancel_timer(timer_);
    timer_ = loop_.add_timer(
        debounce_ns_, [](void* self) { static_cast<FileWatch*>(self)->on_quiet(); }, this, nullptr);
}

void FileWatch::mark_dirty(const inotify_event& event) {
    const bool lost = (event.mask & IN_Q_OVERFLOW) != 0;
    if (!lost && is_being_written(event)) return;
    const std::string_view name = event.len != 0 ? std::string_view{event.name} : "";
    for (auto& [handle, watched] : watched_)
        if (lost || watched.is_on_way(event.wd, name)) watched.dirty = true;
}

// A new file is looked at when its writer closes it. Links are there at once.
bool FileWatch::is_being_written(const inotify_event& event) const {
    if ((event.mask & IN_CREATE) == 0 || event.len == 0) return false;
    const auto folder = std::ranges::find_if(
        folders_, [&](const auto& entry) { return entry.second == event.wd; });
    if (folder == folders_.end()) return false;
    struct stat status{};
    const std::string path = folder->first + '/' + event.name;
    return ::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1;
}

void FileWatch::on_quiet() {
    timer_ = 0;
    std::vector<loom_handle> changed;
    for (auto& [handle, watched] : watched_) {
        if (!watched.dirty) continue;
        watched.dirty = false;
        follow(watched);
        if (watched.is_folder) {
            changed.push_back(handle);
            continue;
        }
        const std::string content = content_of(watched.path);
        if (content.empty() || content == watched.content) continue;
        watched.content = content;
        changed.push_back(handle);
    }
    forget_unused();
    // A function may cancel others.
    for (const loom_handle handle : changed) {
        const auto found = watched_.find(handle);
        if (found == watched_.end()) continue;
        const auto function = found->second.changed;
        function();
    }
}

}  // namespace loom::host
