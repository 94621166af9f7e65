// SPDX-License-Identifier: Apache-2.0
// Loads zones again when their files change.
#pragma once

#include "zone_loader.hpp"
#include "zone_set.hpp"

#include <dnsloom/abi/service/events.h>
#include <dnsloom/abi/service/loop.h>
#include <dnsloom/abi/service/publish.h>
#include <dnsloom/abi/service/watch.h>
#include <dnsloom/host.hpp>

#include <cstddef>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

namespace loom::file {

/// Watches the files of all zones and, when one changes, makes a new snapshot in the background
/// and puts it in the old one's place. One zone at a time, so that memory stays in bounds. Lives on
/// the control thread.
class Reloader {
public:
    struct Source {
        std::function<std::filesystem::path(dns::NameView)> path_of;
        dns::IncludePolicy include;
    };
    /// Called for each zone that was loaded again, and each that failed to.
    using Report = std::function<void(std::size_t zone, const LoadedZone&)>;

    Reloader(const Host& host, ZoneSet& zones, Source source, Report report);

    /// What was read for a zone ahead of start().
    void loaded(std::size_t zone, const LoadedZone& first);
    /// Begins to watch. Files that changed since they were read are read again.
    void start();
    /// Ends watching; work in progress is not published.
    void stop();

private:
    struct Watched {
        Reloader* owner = nullptr;
        std::size_t zone = 0;
        std::vector<std::filesystem::path> files;
        std::vector<loom_handle> handles;
        FileStamp stamp;
        bool queued = false;
    };

    static void on_change(void* watched) noexcept;
    static void on_work(void* reloader) noexcept;
    static void on_done(void* reloader) noexcept;
    void watch(Watched& watched);
    void unwatch(Watched& watched);
    void queue(Watched& watched);
    void next();
    void done();
    void publish(Zone& zone, std::unique_ptr<ZoneSnapshot> snapshot);

    const Host host_;
    const loom_watch_1* watch_;
    const loom_publish_1* publish_;
    const loom_events_1* events_;
    ZoneSet& zones_;
    Source source_;
    Report report_;
    std::vector<Watched> watched_;
    std::deque<std::size_t> queue_;
    bool busy_ = false;
    bool stopped_ = false;
    std::size_t loading_ = 0;
    LoadedZone result_;  // The background thread's while busy_.
};

}  // namespace loom::file
