// SPDX-License-Identifier: Apache-2.0
// The files behind the TLS context, read anew when they change.
#pragma once

#include "tls_context.hpp"

#include <dnsloom/host.hpp>

#include <string>
#include <utility>
#include <vector>

namespace loom::forward {

/// Control thread only, but for contexts(). When a changed file cannot be used, the context stays as
/// it was and the log says why.
class TlsFileSet {
public:
    /// While the instance is made.
    TlsFileSet(const Host& host, TlsFiles files)
        : host_{host},
          files_{std::move(files)},
          watcher_{static_cast<const loom_watch_1*>(
              host.table().service(&host.table(), LOOM_SERVICE_WATCH))} {}
    TlsFileSet(const TlsFileSet&) = delete;
    TlsFileSet& operator=(const TlsFileSet&) = delete;

    /// Reads them; an error text on failure.
    [[nodiscard]] std::string load();
    void watch();
    void unwatch();
    const TlsContexts& contexts() const { return contexts_; }

private:
    static void on_change(void* files) noexcept;
    void reload();

    Host host_;
    TlsFiles files_;
    TlsContexts contexts_;
    const loom_watch_1* watcher_;  // Null: the host watches no files.
    std::vector<loom_handle> watches_;
};

}  // namespace loom::forward
