// SPDX-License-Identifier: Apache-2.0
#include "upstream_directory.hpp"

#include "resolv_conf.hpp"

#include <exception>
#include <utility>

namespace loom::forward {

UpstreamDirectory::UpstreamDirectory(
    const Host& host, const Settings& settings, const ForwardMetrics& metrics, Health& health)
    : host_{host},
      settings_{settings},
      metrics_{metrics},
      health_{health},
      watcher_{static_cast<const loom_watch_1*>(
          host.table().service(&host.table(), LOOM_SERVICE_WATCH))} {
    if (settings.sources.empty()) return;
    for (std::size_t i = 0; i < settings.to.size(); ++i)
        if (!settings.to[i].is_dynamic) table_.assign(i, 1, {&settings.to[i].address, 1});
    for (const auto& source : settings.sources) {
        if (source.file.empty()) {
            resolvers_.push_back(std::make_unique<NameResolver>(
                host,
                settings.bootstrap,
                source.host,
                source.port,
                [this, &source](const auto& addresses) { assign(source, addresses); }));
            continue;
        }
        const auto servers = read_resolv_conf(source.file);
        if (!servers) throw ConfigError{servers.error()};
        table_.assign(source.first, source.count, *servers);
        files_.push_back(std::make_unique<WatchedFile>(this, &source));
    }
    const auto present = table_.read().present;
    for (std::size_t i = 0; i < settings.to.size(); ++i) metrics.up(i, (present >> i & 1U) != 0);
}

void UpstreamDirectory::start() {
    for (const auto& resolver : resolvers_) resolver->start();
    for (const auto& file : files_) watch(*file);
}

void UpstreamDirectory::stop() {
    for (const auto& resolver : resolvers_) resolver->stop();
    for (const auto& file : files_)
        if (file->watch != 0)
            watcher_->cancel(&host_.table(), std::exchange(file->watch, loom_handle{0}));
}

void UpstreamDirectory::watch(WatchedFile& file) {
    const auto& path = file.source->file;
    if (watcher_ &&
        watcher_->file(&host_.table(), str(path), on_change, &file, &file.watch) == LOOM_OK)
        return;
    host_.log(
        LOOM_LOG_ERROR, "file cannot be watched, its changes will not be seen", {{"file", path}});
}

void UpstreamDirectory::on_change(void* file) noexcept {
    const auto& changed = *static_cast<WatchedFile*>(file);
    try {
        changed.owner->reload(*changed.source);
    } catch (const std::exception& e) {
        changed.owner->host_.report_exception("watch", e.what());
    }
}

void UpstreamDirectory::reload(const AddressSource& source) {
    const auto servers = read_resolv_conf(source.file);
    if (servers) return assign(source, *servers);
    host_.log(
        LOOM_LOG_ERROR,
        "upstreams cannot be read, the former stay in use",
        {{"error", servers.error()}});
}

void UpstreamDirectory::assign(
    const AddressSource& source, const std::vector<loom_address>& addresses) {
    const auto changed = table_.assign(source.first, source.count, addresses);
    if (changed == 0) return;
    const auto snapshot = table_.read();
    std::string list;
    for (auto i = source.first; i < source.first + source.count; ++i) {
        const bool is_present = (snapshot.present >> i & 1U) != 0;
        if (is_present)
            list += (list.empty() ? "" : " ") + make_endpoint(snapshot.addresses[i]).text;
        if ((changed >> i & 1U) == 0) continue;
        // What its predecessor did says nothing of it.
        health_.succeed(i);
        metrics_.up(i, is_present);
    }
    host_.log(
        LOOM_LOG_INFO,
        "upstream has new addresses",
        {{"to", source.file.empty() ? source.host : source.file}, {"addresses", list}});
}

}  // namespace loom::forward
