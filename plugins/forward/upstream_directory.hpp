// SPDX-License-Identifier: Apache-2.0
// Keeps the addresses of upstreams that are given by name or by a file.
#pragma once

#include "address_table.hpp"
#include "forward_metrics.hpp"
#include "health.hpp"
#include "name_resolver.hpp"
#include "settings.hpp"

#include <dnsloom/host.hpp>

#include <memory>
#include <vector>

namespace loom::forward {

/// Control thread only, but for table().
class UpstreamDirectory {
public:
    /// Reads the files, while the instance is made. Throws ConfigError.
    UpstreamDirectory(
        const Host& host, const Settings& settings, const ForwardMetrics& metrics, Health& health);
    UpstreamDirectory(const UpstreamDirectory&) = delete;
    UpstreamDirectory& operator=(const UpstreamDirectory&) = delete;

    void start();
    void stop();
    /// Null: all addresses stay what they are.
    const AddressTable* table() const { return settings_.sources.empty() ? nullptr : &table_; }

private:
    struct WatchedFile {
        UpstreamDirectory* owner;
        const AddressSource* source;
        loom_handle watch = 0;
    };

    static void on_change(void* file) noexcept;
    void reload(const AddressSource& source);
    void watch(WatchedFile& file);
    void assign(const AddressSource& source, const std::vector<loom_address>& addresses);

    Host host_;
    const Settings& settings_;
    const ForwardMetrics& metrics_;
    Health& health_;
    const loom_watch_1* watcher_;  // Null: the host watches no files.
    AddressTable table_;
    std::vector<std::unique_ptr<NameResolver>> resolvers_;
    std::vector<std::unique_ptr<WatchedFile>> files_;
};

}  // namespace loom::forward
