// SPDX-License-Identifier: Apache-2.0
#include "tls_files.hpp"

#include <exception>
#include <utility>

namespace loom::forward {

std::string TlsFileSet::load() {
    auto context = make_tls_context(files_);
    if (!context) return context.error();
    contexts_.replace(std::move(*context));
    return {};
}

void TlsFileSet::watch() {
    if (!watcher_) return;
    for (const auto* path : {&files_.ca, &files_.certificate, &files_.key}) {
        if (path->empty()) continue;
        loom_handle handle = 0;
        if (watcher_->file(&host_.table(), str(*path), on_change, this, &handle) == LOOM_OK)
            watches_.push_back(handle);
        else
            host_.log(
                LOOM_LOG_ERROR,
                "file cannot be watched, its changes will not be seen",
                {{"file", *path}});
    }
}

void TlsFileSet::unwatch() {
    for (const auto handle : std::exchange(watches_, {})) watcher_->cancel(&host_.table(), handle);
}

void TlsFileSet::on_change(void* files) noexcept {
    auto& self = *static_cast<TlsFileSet*>(files);
    try {
        self.reload();
    } catch (const std::exception& e) {
        self.host_.report_exception("watch", e.what());
    }
}

void TlsFileSet::reload() {
    // A certificate and its key are two files, and may not fit together in between.
    if (const auto error = load(); !error.empty())
        return host_.log(
            LOOM_LOG_ERROR, "TLS files cannot be used, the former stay in use", {{"error", error}});
    host_.log(LOOM_LOG_INFO, "TLS files were read again");
}

}  // namespace loom::forward
