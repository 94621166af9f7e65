// SPDX-License-Identifier: Apache-2.0
#include "tcp_session.hpp"

#include "socket_address.hpp"
#include "worker.hpp"
#include "../pipeline/intake.hpp"
#include "../pipeline/reply.hpp"
#include "../pipeline/reply_options.hpp"

#include <dnsloom/dns/edns.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include <sys/socket.h>

namespace loom::host {

namespace asio = boost::asio;

namespace {

// Answers that a client does not read: no more of its queries are taken until it does.
constexpr std::size_t unread_max = 256 * 1024;

}  // namespace

TcpSession::TcpSession(Worker& worker, std::uint32_t listener, int fd)
    : worker_{worker}, listener_{listener}, socket_{worker.context(), fd} {
    sockaddr_in6 address{};
    socklen_t size = sizeof address;
    ::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size);
    to_loom_address(address, client_);
    size = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    to_loom_address(address, local_);
}

void TcpSession::start() {
    active_ns_ = worker_.now_ns();
    on_idle();
    wait_readable();
}

void TcpSession::wait_readable() {
    if (reading_ || closed_) return;
    reading_ = true;
    socket_.async_wait(
        asio::posix::descriptor_base::wait_read,
        [self = shared_from_this()](const boost::system::error_code& error) {
            self->reading_ = false;
            if (error || self->closed_) return;
            self->on_readable();
        });
}

void TcpSession::on_readable() {
    const EventLoop::Turn turn{worker_};
    static thread_local std::array<std::uint8_t, 65536> room;
    const ssize_t count = ::recv(socket_.native_handle(), room.data(), room.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        wait_readable();
        return;
    }
    if (count < 0) {
        close();
        return;
    }
    if (count == 0) {
        // The client may have closed its half and still wait for answers.
        finishing_ = true;
        if (is_idle()) close();
        return;
    }
    framer_.feed({room.data(), static_cast<std::size_t>(count)});
    serve_input();
    if (closed_) return;
    framer_.keep();
    if (!is_held_back() && !finishing_) wait_readable();
}

bool TcpSession::is_held_back() const {
    return in_flight_ >= worker_.limits().tcp_pipeline || out_.pending().size() > unread_max;
}

void TcpSession::serve_input() {
    serving_ = true;
    while (!finishing_ && !closed_ && !is_held_back()) {
        const auto message = framer_.next();
        if (!message) break;
        serve(*message);
    }
    serving_ = false;
    // With an answer to send, flush() does it.
    if (finishing_ && is_idle()) close();
}

void TcpSession::serve(std::span<const std::uint8_t> message) {
    touch();
    worker_.count(worker_.metrics().tcp_queries);
    Exchange& e = worker_.next_exchange();
    e.transport = LOOM_TRANSPORT_TCP;
    e.origin = Origin::tcp;
    e.udp = nullptr;
    e.tcp = this;
    e.listener = listener_;
    const auto& limits = worker_.limits();
    const IntakeResult taken =
        take_in(e, message, worker_.services().hash_key, {limits.udp_size});
    e.send_buffer = worker_.large_room().data();
    e.send_size = dns::message_size_max;
    if (taken.intake == Intake::ignore) {
        // Nothing that follows can be trusted to be a query.
        worker_.count(worker_.metrics().malformed);
        close_when_idle();
        return;
    }
    if (taken.intake == Intake::error) {
        worker_.count_rejected(taken);
        send(write_error_reply(
            message, taken.question_size, taken.rcode, taken.edns, limits.udp_size,
            {e.send_buffer, e.send_size}));
        return;
    }
    e.client = &client_;
    e.local = &local_;
    if (e.edns_options.size != 0) {
        const auto options =
            dns::EdnsOptions::check({e.edns_options.data, e.edns_options.size});
        if (options && options->find(dns::option_code::tcp_keepalive)) {
            // RFC 7828 section 3.1: in steps of 100 ms.
            std::array<std::uint8_t, 2> steps{};
            dns::store_u16(
                steps.data(), static_cast<std::uint16_t>(std::min<std::uint64_t>(
                                  limits.tcp_idle_ns / 100'000'000U, UINT16_MAX)));
            add_host_option(e, dns::option_code::tcp_keepalive, steps);
        }
    }
    worker_.admit(e, Turnout::at_once);
    worker_.serve(e);
}

void TcpSession::hold() { ++in_flight_; }

void TcpSession::let_go() {
    --in_flight_;
    if (closed_) {
        if (in_flight_ == 0) worker_.forget_session(*this);
        return;
    }
    active_ns_ = worker_.now_ns();
    // Its answer, if any, goes out at the end of this turn; reading goes on there, too.
    if (!unsent_) {
        unsent_ = true;
        worker_.flush_later(*this);
    }
}

void TcpSession::send(std::size_t size) {
    if (closed_ || size == 0) return;
    const auto* reply = worker_.large_room().data();
    const std::array<std::uint8_t, 2> length{
        static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)};
    out_.append(length);
    out_.append({reply, size});
    if (!unsent_) {
        unsent_ = true;
        worker_.flush_later(*this);
    }
}

void TcpSession::flush() {
    unsent_ = false;
    if (closed_) return;
    while (!writing_ && !out_.is_empty()) {
        const auto pending = out_.pending();
        const ssize_t count = ::send(
            socket_.native_handle(), pending.data(), pending.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count >= 0) {
            out_.take(static_cast<std::size_t>(count));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) {
            close();
            return;
        }
        writing_ = true;
        socket_.async_wait(
            asio::posix::descriptor_base::wait_write,
            [self = shared_from_this()](const boost::system::error_code& error) {
                self->writing_ = false;
                if (error || self->closed_) return;
                const EventLoop::Turn turn{self->worker_};
                self->touch();
                self->flush();
            });
    }
    go_on();
}

// Serves what was held back, and ends the connection when it is to end.
void TcpSession::go_on() {
    if (serving_ || closed_) return;
    if (finishing_) {
        if (is_idle()) close();
        return;
    }
    if (is_held_back()) return;
    if (!framer_.is_empty()) {
        serve_input();
        if (closed_) return;
        framer_.keep();
    }
    if (!is_held_back() && !finishing_) wait_readable();
}

void TcpSession::touch() {
    active_ns_ = worker_.now_ns();
    worker_.session_active(*this);
}

void TcpSession::on_idle() {
    idle_timer_ = 0;
    if (closed_) return;
    const std::uint64_t due = active_ns_ + worker_.limits().tcp_idle_ns;
    if (due <= worker_.now_ns() && in_flight_ == 0) {
        close();
        return;
    }
    const std::uint64_t next =
        std::max(due, worker_.now_ns() + worker_.limits().tcp_idle_ns / 8);
    idle_timer_ = worker_.add_timer_at(
        next, [](void* self) { static_cast<TcpSession*>(self)->on_idle(); }, this, nullptr);
}

void TcpSession::close_when_idle() {
    finishing_ = true;
    if (is_idle() && !serving_) close();
}

void TcpSession::close() {
    if (closed_) return;
    closed_ = true;
    if (idle_timer_ != 0) worker_.cancel_timer(idle_timer_);
    boost::system::error_code ignored;
    socket_.close(ignored);
    if (in_flight_ == 0) worker_.forget_session(*this);
}

}  // namespace loom::host
