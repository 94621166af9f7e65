// SPDX-License-Identifier: Apache-2.0
// Watching, loading in the background, publishing.

#include "reload.hpp"

#include <exception>
#include <utility>

namespace loom::file {

Reloader::Reloader(const Host& host, ZoneSet& zones, Source source, Report report)
    : host_{host},
      watch_{host.service<loom_watch_1>(LOOM_SERVICE_WATCH)},
      publish_{host.service<loom_publish_1>(LOOM_SERVICE_PUBLISH)},
      events_{host.service<loom_events_1>(LOOM_SERVICE_EVENTS)},
      zones_{zones},
      source_{std::move(source)},
      report_{std::move(report)},
      watched_(zones.size()) {
    for (std::size_t i = 0; i < watched_.size(); ++i) {
        watched_[i].owner = this;
        watched_[i].zone = i;
    }
}

void Reloader::loaded(std::size_t zone, const LoadedZone& first) {
    watched_[zone].files = first.files;
    watched_[zone].stamp = first.stamp;
}

void Reloader::start() {
    for (Watched& watched : watched_) {
        watch(watched);
        const auto path = source_.path_of(zones_[watched.zone].name_view());
        if (FileStamp::of(path) != watched.stamp) queue(watched);
    }
}

void Reloader::stop() {
    stopped_ = true;
    queue_.clear();
    for (Watched& watched : watched_) unwatch(watched);
}

void Reloader::watch(Watched& watched) {
    for (const auto& file : watched.files) {
        const std::string& path = file.native();
        loom_handle handle = 0;
        const auto status = watch_->file(&host_.table(), str(path), on_change, &watched, &handle);
        if (status == LOOM_OK) {
            watched.handles.push_back(handle);
        } else {
            host_.log(
                LOOM_LOG_ERROR,
                "file cannot be watched, its changes will not be seen",
                {{"file", path}});
        }
    }
}

void Reloader::unwatch(Watched& watched) {
    for (const loom_handle handle : std::exchange(watched.handles, {}))
        watch_->cancel(&host_.table(), handle);
}

void Reloader::on_change(void* watched) noexcept {
    auto& changed = *static_cast<Watched*>(watched);
    try {
        changed.owner->queue(changed);
    } catch (const std::exception& e) {
        changed.owner->host_.report_exception("watch", e.what());
    }
}

void Reloader::queue(Watched& watched) {
    if (watched.queued || stopped_) return;
    queue_.push_back(watched.zone);
    watched.queued = true;
    next();
}

void Reloader::next() {
    if (busy_ || queue_.empty()) return;
    loading_ = queue_.front();
    queue_.pop_front();
    // From here on a change needs another turn.
    watched_[loading_].queued = false;
    busy_ = true;
    const auto status = host_.loop_service()->background(&host_.table(), on_work, on_done, this);
    if (status == LOOM_OK) return;
    busy_ = false;
    host_.log(LOOM_LOG_ERROR, "zone cannot be loaded again: no background work is possible");
}

void Reloader::on_work(void* reloader) noexcept {
    auto& self = *static_cast<Reloader*>(reloader);
    try {
        const dns::NameView apex = self.zones_[self.loading_].name_view();
        self.result_ =
            load_zone(self.host_, apex, self.source_.path_of(apex), self.source_.include);
    } catch (const std::exception& e) {
        self.result_ = {};
        self.host_.report_exception("reload", e.what());
    }
}

void Reloader::on_done(void* reloader) noexcept {
    auto& self = *static_cast<Reloader*>(reloader);
    try {
        self.done();
    } catch (const std::exception& e) {
        self.host_.report_exception("reload", e.what());
    }
}

void Reloader::done() {
    busy_ = false;
    LoadedZone loaded = std::exchange(result_, {});
    if (stopped_) return;
    Watched& watched = watched_[loading_];
    // A file that failed to load may have lost its includes: keep watching those it had.
    if (loaded.snapshot && loaded.files != watched.files) {
        unwatch(watched);
        watched.files = loaded.files;
        watch(watched);
    }
    watched.stamp = loaded.stamp;
    report_(loading_, loaded);
    if (loaded.snapshot) publish(zones_[loading_], std::move(loaded.snapshot));
    next();
}

void Reloader::publish(Zone& zone, std::unique_ptr<ZoneSnapshot> snapshot) {
    const ZoneSnapshot* old = zone.current.exchange(snapshot.release(), std::memory_order_acq_rel);
    if (old) {
        // What nobody reads any more is freed by the host's call, or now if nobody will call.
        const auto free_fn = [](void* retired) {
            delete static_cast<const ZoneSnapshot*>(retired);
        };
        void* retired = const_cast<ZoneSnapshot*>(old);
        if (publish_->retire(&host_.table(), free_fn, retired) != LOOM_OK)
            host_.log(LOOM_LOG_ERROR, "a replaced zone's memory cannot be freed");
    }
    const loom_event event{sizeof event, LOOM_EVENT_ZONE_CHANGED, bytes(zone.name)};
    events_->publish(&host_.table(), &event);
}

}  // namespace loom::file
