// SPDX-License-Identifier: Apache-2.0
// A connected socket and the loop's watch on it.
#pragma once

#include <dnsloom/host.hpp>

#include <unistd.h>

#include <cstdint>
#include <utility>

namespace loom::forward {

/// Owns the descriptor. What waits for can change at any time, in on_ready() too, which FdWatch
/// does not allow. Not destroyed from within on_ready().
class WatchedSocket {
public:
    /// Takes `fd` over.
    WatchedSocket(const Host& host, std::uint32_t where, int fd)
        : host_{host}, where_{where}, fd_{fd} {}
    WatchedSocket(const WatchedSocket&) = delete;
    WatchedSocket& operator=(const WatchedSocket&) = delete;

    int fd() const { return fd_; }

    /// Waits for these LOOM_FD_* from now on; 0: for nothing. False if the loop refuses.
    bool wait_for(std::uint32_t events) {
        if (events == events_) return true;
        unwatch();
        if (events == 0) return true;
        const auto status = host_.loop_service()->watch_fd(
            &host_.table(), where_, fd_, events, forward_ready, this, &handle_);
        if (status != LOOM_OK) return false;
        events_ = events;
        return true;
    }

protected:
    virtual ~WatchedSocket() { close(); }

    virtual void on_ready(std::uint32_t events) = 0;

    void close() {
        unwatch();
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

private:
    void unwatch() {
        events_ = 0;
        if (handle_ != 0)
            host_.loop_service()->cancel(&host_.table(), std::exchange(handle_, loom_handle{0}));
    }
    static void forward_ready(void* self, std::uint32_t events) noexcept {
        auto& socket = *static_cast<WatchedSocket*>(self);
        try {
            socket.on_ready(events);
        } catch (const std::exception& e) {
            socket.host_.report_exception("watch_fd", e.what());
        }
    }

    Host host_;
    std::uint32_t where_;
    int fd_;
    std::uint32_t events_ = 0;
    loom_handle handle_ = 0;
};

}  // namespace loom::forward
