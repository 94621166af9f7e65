// SPDX-License-Identifier: Apache-2.0
#include "prober.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <exception>
#include <span>
#include <string_view>
#include <utility>

namespace loom::lb {
namespace {

constexpr std::chrono::nanoseconds unseen_max = std::chrono::minutes{10};

/// 0, or the error of connect().
int connect_to(int fd, const dns::IpAddress& address, std::uint16_t port) {
    const auto octets = address.octets();
    if (address.is_ipv4()) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        std::memcpy(&to.sin_addr, octets.data() + 12, 4);
        return ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? 0 : errno;
    }
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(port);
    std::memcpy(&to.sin6_addr, octets.data(), 16);
    return ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? 0 : errno;
}

/// The code of `HTTP/1.1 200`; 0 if it is something else.
int read_status(std::string_view head) {
    constexpr std::string_view protocol = "HTTP/1.";
    if (!head.starts_with(protocol) || head[8] != ' ') return 0;
    int status = 0;
    const auto digits = head.substr(9);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), status);
    return error == std::errc{} && end == digits.data() + digits.size() ? status : 0;
}

}  // namespace

Prober::Prober(const Host& host, ProbeSettings settings, Metrics metrics)
    : host_{host},
      settings_{std::move(settings)},
      metrics_{metrics},
      probes_{std::make_unique<Probe[]>(settings_.concurrency)},
      round_{host, LOOM_CONTROL, [this] { run_round(); }} {
    for (std::size_t i = 0; i < settings_.concurrency; ++i) probes_[i].owner = this;
}

Prober::~Prober() {
    for (std::size_t i = 0; i < settings_.concurrency; ++i)
        if (probes_[i].fd >= 0) ::close(probes_[i].fd);
}

void Prober::start(HealthTable& table) {
    table_ = &table;
    round_.arm(settings_.interval);
}

void Prober::stop() {
    round_.cancel();
    queue_.clear();
    table_ = nullptr;
    for (std::size_t i = 0; i < settings_.concurrency; ++i) release(probes_[i]);
}

void Prober::add(Target& target) {
    if (table_ == nullptr || target.probing) return;
    target.probing = true;
    queue_.push_back(&target);
    host_.set(metrics_.targets, static_cast<double>(table_->used()));
    pump();
}

void Prober::run_round() {
    round_.arm(settings_.interval);
    table_->forget_unseen(static_cast<std::uint32_t>(unseen_max / settings_.interval));
    down_ = 0;
    for (Target& target : table_->slots()) {
        if (!target.used) continue;
        if (target.down) ++down_;
        // Those of the last round that have not had their turn keep their place.
        if (!std::exchange(target.probing, true)) queue_.push_back(&target);
    }
    host_.set(metrics_.down, static_cast<double>(down_));
    host_.set(metrics_.targets, static_cast<double>(table_->used()));
    pump();
}

void Prober::pump() {
    for (std::size_t i = 0; i < settings_.concurrency && !queue_.empty(); ++i) {
        Probe& probe = probes_[i];
        while (probe.target == nullptr && !queue_.empty()) {
            probe.target = queue_.front();
            queue_.pop_front();
            if (begin(probe)) break;
            // The system's fault, or an address without a route: nothing is running for it.
            const bool is_unreachable =
                errno == ENETUNREACH || errno == EHOSTUNREACH || errno == ECONNREFUSED;
            Target* const target = probe.target;
            release(probe);
            note(*target, is_unreachable ? Result::down : Result::unknown);
        }
    }
}

bool Prober::begin(Probe& probe) {
    const int family = probe.target->address.is_ipv4() ? AF_INET : AF_INET6;
    probe.fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe.fd < 0) return false;
    const int error = connect_to(probe.fd, probe.target->address, settings_.port);
    if (error != 0 && error != EINPROGRESS) {
        errno = error;
        return false;
    }
    probe.is_connected = false;
    probe.received = 0;
    const auto status = host_.loop_service()->timer(
        &host_.table(),
        LOOM_CONTROL,
        static_cast<std::uint64_t>(settings_.timeout.count()),
        on_timeout,
        &probe,
        &probe.timer);
    errno = 0;
    return status == LOOM_OK && watch(probe, LOOM_FD_WRITABLE);
}

bool Prober::watch(Probe& probe, std::uint32_t events) {
    if (probe.watch != 0)
        host_.loop_service()->cancel(&host_.table(), std::exchange(probe.watch, loom_handle{0}));
    return host_.loop_service()->watch_fd(
               &host_.table(), LOOM_CONTROL, probe.fd, events, on_ready, &probe, &probe.watch) ==
           LOOM_OK;
}

template <class F>
void Prober::guarded(F&& f) noexcept {
    try {
        f();
    } catch (const std::exception& e) {
        host_.report_exception("probe", e.what());
    }
}

void Prober::on_timeout(void* probe) noexcept {
    auto& self = *static_cast<Probe*>(probe);
    self.timer = 0;
    self.owner->guarded([&] { self.owner->end(self, Result::down); });
}

void Prober::on_ready(void* probe, std::uint32_t) noexcept {
    auto& self = *static_cast<Probe*>(probe);
    self.owner->guarded([&] {
        if (!self.is_connected)
            self.owner->connected(self);
        else
            self.owner->receive(self);
    });
}

void Prober::connected(Probe& probe) {
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(probe.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
        return end(probe, Result::down);
    const std::string& request = settings_.request;
    if (request.empty()) return end(probe, Result::up);
    probe.is_connected = true;
    // Into the empty buffer of a new connection: all of it, or something is wrong.
    const auto sent = ::send(probe.fd, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(request.size())) return end(probe, Result::down);
    if (!watch(probe, LOOM_FD_READABLE)) end(probe, Result::unknown);
}

void Prober::receive(Probe& probe) {
    const auto room = std::span{probe.head}.subspan(probe.received);
    const auto got = ::recv(probe.fd, room.data(), room.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return end(probe, Result::down);
    probe.received += static_cast<std::size_t>(got);
    if (probe.received < probe.head.size()) return;
    const int status = read_status({probe.head.data(), probe.head.size()});
    const bool is_up = std::ranges::find(settings_.statuses, status) != settings_.statuses.end();
    end(probe, is_up ? Result::up : Result::down);
}

void Prober::release(Probe& probe) {
    const auto cancel = [this](loom_handle& handle) {
        if (handle != 0)
            host_.loop_service()->cancel(&host_.table(), std::exchange(handle, loom_handle{0}));
    };
    cancel(probe.watch);
    cancel(probe.timer);
    if (probe.fd >= 0) ::close(std::exchange(probe.fd, -1));
    probe.target = nullptr;
}

void Prober::end(Probe& probe, Result result) {
    Target* const target = probe.target;
    release(probe);
    note(*target, result);
    pump();
}

void Prober::note(Target& target, Result result) {
    target.probing = false;
    if (result == Result::unknown) return;
    host_.add(LOOM_CONTROL, result == Result::up ? metrics_.successes : metrics_.failures);
    target.failures = result == Result::up ? 0 : target.failures + 1;
    const bool is_down = target.failures >= settings_.fails_max;
    if (target.down.exchange(is_down) == is_down) return;
    down_ = is_down ? down_ + 1 : down_ - 1;
    host_.set(metrics_.down, static_cast<double>(down_));
    host_.log(
        is_down ? LOOM_LOG_WARNING : LOOM_LOG_INFO,
        is_down ? "an address is down" : "an address is up again",
        {{"address", to_text(target.address)}});
}

}  // namespace loom::lb
