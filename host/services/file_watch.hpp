// SPDX-License-Identifier: Apache-2.0
// Tells when a file's content has changed, however it was replaced: "loom.watch/1", and the
// configuration's and plugins' own files.
#pragma once

#include <dnsloom/abi/base.h>

#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct inotify_event;

namespace loom::host {

class EventLoop;
class Instance;

/// Watches the folders that a path leads through (inotify), not the file itself: it may be
/// renamed over, or a symbolic link on the way swapped, as Kubernetes does with ConfigMaps. After a
/// folder was quiet for the debounce time, the content is compared. Control thread only.
class FileWatch {
public:
    explicit FileWatch(EventLoop& loop);
    ~FileWatch();

    void set_debounce(std::uint64_t debounce_ns) { debounce_ns_ = debounce_ns; }

    /// Calls `changed` after `path` has got other content; not while it is missing.
    loom_handle file(std::string path, const Instance* owner, std::function<void()> changed);
    /// Calls `changed` after a file has come to the folder, has gone or was written.
    loom_handle folder(std::string path, std::function<void()> changed);
    bool cancel(loom_handle handle);
    void remove_owner(const Instance* owner);

private:
    struct Watched {
        std::string path;
        const Instance* owner = nullptr;
        std::function<void()> changed;
        bool is_folder = false;
        std::string content;  // Its fingerprint; empty: missing.
        // What its path leads through: a folder's inotify descriptor and a name in it.
        std::set<std::pair<int, std::string>> way;
        bool dirty = false;

        bool is_on_way(int descriptor, std::string_view name) const;
    };

    void wait();
    void on_readable();
    void on_quiet();
    void follow(Watched& watched);
    int watch_folder(const std::string& folder);
    void mark_dirty(const inotify_event& event);
    bool is_being_written(const inotify_event& event) const;
    void forget_unused();

    EventLoop& loop_;
    boost::asio::posix::stream_descriptor inotify_;
    std::uint64_t debounce_ns_ = 250'000'000;
    std::uint64_t timer_ = 0;
    std::uint64_t dirty_since_ns_ = 0;
    std::map<loom_handle, Watched> watched_;
    std::map<std::string, int> folders_;  // Path -> inotify descriptor.
    loom_handle last_ = 0;
};

}  // namespace loom::host
