// SPDX-License-Identifier: Apache-2.0
#include "tcp_listener.hpp"

#include "tcp_session.hpp"
#include "worker.hpp"

#include <algorithm>
#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace loom::host {

namespace asio = boost::asio;

TcpListener::TcpListener(Worker& worker, std::uint32_t slot, int fd)
    : worker_{worker}, slot_{slot}, socket_{worker.context(), fd} {
    socket_.non_blocking(true);
    wait();
}

TcpListener::~TcpListener() {
    if (pause_ != 0) worker_.cancel_timer(pause_);
}

void TcpListener::wait() {
    socket_.async_wait(
        asio::posix::descriptor_base::wait_read, [this](const boost::system::error_code& error) {
            if (error) return;
            on_readable();
            if (pause_ == 0) wait();
        });
}

void TcpListener::on_readable() {
    const EventLoop::Turn turn{worker_};
    constexpr int accepts_max = 64;
    for (int i = 0; i < accepts_max; ++i) {
        const int fd =
            ::accept4(socket_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            accept(fd);
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (errno != EAGAIN) pause();
        return;
    }
}

// There are no descriptors left, or there is no memory. The connection stays in the queue and would
// wake the loop at once, again and again.
void TcpListener::pause() {
    constexpr std::uint64_t pause_ns = 100'000'000;
    pause_ = worker_.add_timer(
        pause_ns,
        [](void* self) {
            auto& listener = *static_cast<TcpListener*>(self);
            listener.pause_ = 0;
            listener.wait();
        },
        this, nullptr);
}

void TcpListener::accept(int fd) {
    if (!worker_.make_room_for_session()) {
        ::close(fd);
        return;
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    worker_.add_session(fd, slot_);
}

}  // namespace loom::host
