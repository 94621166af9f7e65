// SPDX-License-Identifier: Apache-2.0
#include "control_socket.hpp"

#include "../net/event_loop.hpp"

#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace loom::host {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using namespace std::chrono_literals;

namespace {

Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return std::unexpected{Error{fmt::format(
            "{}: the path of a control socket has at most {} octets", path,
            sizeof address.sun_path - 1)}};
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

std::unexpected<Error> fail(const std::string& path, std::string_view what) {
    return std::unexpected{Error{fmt::format("{}: {}: {}", path, what, std::strerror(errno))}};
}

void limit_time(int fd, int direction, std::chrono::seconds limit) {
    const timeval time{limit.count(), 0};
    ::setsockopt(fd, SOL_SOCKET, direction, &time, sizeof time);
}

int connect_to(const sockaddr_un& address) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    // A server that hangs accepts nobody, and its queue may be full.
    limit_time(fd, SO_SNDTIMEO, ControlSocket::command_time_max);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
}

std::string join(const std::vector<std::string>& words) {
    std::string line;
    for (const std::string& word : words) {
        if (&word != &words.front()) line += '\t';
        for (const char c : word) {
            switch (c) {
            case '\t': line += "\\t"; break;
            case '\n': line += "\\n"; break;
            case '\\': line += "\\\\"; break;
            default: line += c;
            }
        }
    }
    return line + '\n';
}

/// Nothing if a backslash does not begin one of the three escapes.
std::optional<std::vector<std::string>> split(std::string_view line) {
    std::vector<std::string> words(1);
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\t') {
            words.emplace_back();
        } else if (line[i] != '\\') {
            words.back() += line[i];
        } else {
            if (++i == line.size()) return std::nullopt;
            if (line[i] == 't') words.back() += '\t';
            else if (line[i] == 'n') words.back() += '\n';
            else if (line[i] == '\\') words.back() += '\\';
            else return std::nullopt;
        }
    }
    return words;
}

std::string to_wire(const ControlReply& reply) {
    return fmt::format("{} {}\n{}", reply.ok ? "ok" : "error", reply.text.size(), reply.text);
}

/// Nothing if it is not complete.
std::optional<ControlReply> from_wire(std::string_view octets) {
    ControlReply reply;
    reply.ok = octets.starts_with("ok ");
    if (!reply.ok && !octets.starts_with("error ")) return std::nullopt;
    const char* const end = octets.data() + octets.size();
    std::size_t size = 0;
    const auto [past, error] = std::from_chars(octets.data() + octets.find(' ') + 1, end, size);
    if (error != std::errc{} || past == end || *past != '\n') return std::nullopt;
    if (static_cast<std::size_t>(end - past) - 1 != size) return std::nullopt;
    reply.text.assign(past + 1, end);
    return reply;
}

}  // namespace

/// One client: its command, then its reply. Lives while it is in the list, or while somebody holds
/// its ControlAnswer.
class ControlSocket::Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(
        EventLoop& loop, ControlHandler handler, stream_protocol::socket socket,
        const std::shared_ptr<Connections>& list)
        : loop_{loop}, handler_{std::move(handler)}, socket_{std::move(socket)}, list_{list} {}

    void read() {
        limit(command_time_max);
        asio::async_read_until(
            socket_, input_, '\n',
            [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
                const EventLoop::Turn turn{self->loop_};
                if (error) return self->refuse(error);
                const auto* first = static_cast<const char*>(self->input_.data().data());
                self->run({first, size - 1});
            });
    }

    void reply(const ControlReply& reply) {
        if (!socket_.is_open()) return;
        output_ = to_wire(reply);
        limit(reply_time_max);
        asio::async_write(
            socket_, asio::buffer(output_),
            [self = shared_from_this()](const boost::system::error_code&, std::size_t) {
                self->close();
            });
    }

    /// May be the end of this object.
    void close() {
        loop_.cancel_timer(std::exchange(timer_, 0));
        boost::system::error_code ignored;
        socket_.close(ignored);
        if (const auto list = list_.lock())
            std::erase_if(*list, [this](const auto& entry) { return entry.get() == this; });
    }

private:
    void refuse(const boost::system::error_code& error) {
        if (error == asio::error::not_found)
            return reply(
                {false, fmt::format("a command has at most {} octets\n", command_size_max)});
        close();
    }

    void run(std::string_view line) {
        loop_.cancel_timer(std::exchange(timer_, 0));
        auto words = split(line);
        if (!words)
            return reply({false, "a backslash needs a t, an n or another backslash behind it\n"});
        handler_(std::move(*words), [self = shared_from_this()](const ControlReply& reply) {
            self->reply(reply);
        });
    }

    void limit(std::chrono::nanoseconds time) {
        // Not from the begin of the turn: a command may have moved the test clock since.
        const auto due_ns = loop_.clock().monotonic_ns() + static_cast<std::uint64_t>(time.count());
        timer_ = loop_.add_timer_at(
            due_ns,
            [](void* self) {
                const auto connection = static_cast<Connection*>(self)->shared_from_this();
                connection->timer_ = 0;
                connection->close();
            },
            this, nullptr);
    }

    EventLoop& loop_;
    ControlHandler handler_;
    stream_protocol::socket socket_;
    std::weak_ptr<Connections> list_;
    std::uint64_t timer_ = 0;
    asio::streambuf input_{command_size_max};
    std::string output_;
};

Result<std::unique_ptr<ControlSocket>>
ControlSocket::open(EventLoop& loop, const std::string& path, ControlHandler handler) {
    const auto address = address_of(path);
    if (!address) return std::unexpected{address.error()};
    const int other = connect_to(*address);
    // Too busy to accept is alive, too.
    if (other >= 0 || errno == EAGAIN) {
        if (other >= 0) ::close(other);
        return std::unexpected{Error{
            path + ": another dnsloom answers there: stop it, or give host.control another path"}};
    }
    struct stat status{};
    if (::lstat(path.c_str(), &status) == 0) {
        if (!S_ISSOCK(status.st_mode))
            return std::unexpected{Error{path + ": is no socket: give host.control another path"}};
        ::unlink(path.c_str());
    }
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return fail(path, "cannot be made");
    const mode_t mask = ::umask(0117);
    const int bound =
        ::bind(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof(sockaddr_un));
    ::umask(mask);
    if (bound != 0 || ::listen(fd, 16) != 0) {
        const int error = errno;
        ::close(fd);
        errno = error;
        return fail(path, "cannot be made");
    }
    return std::unique_ptr<ControlSocket>{
        new ControlSocket{loop, path, fd, std::move(handler)}};
}

ControlSocket::ControlSocket(
    EventLoop& loop, std::string path, int fd, ControlHandler handler)
    : loop_{loop}, path_{std::move(path)}, acceptor_{loop.context(), stream_protocol{}, fd},
      handler_{std::move(handler)}, connections_{std::make_shared<Connections>()} {
    accept();
}

ControlSocket::~ControlSocket() {
    loop_.cancel_timer(pause_);
    // Each takes itself off the list.
    for (const auto& connection : Connections{*connections_}) connection->close();
    ::unlink(path_.c_str());
}

void ControlSocket::accept() {
    acceptor_.async_accept(
        [this, alive = std::weak_ptr{connections_}](
            const boost::system::error_code& error, stream_protocol::socket socket) {
            if (alive.expired() || error == asio::error::operation_aborted) return;
            const EventLoop::Turn turn{loop_};
            // Out of descriptors: the client stays in the queue, and would wake the loop at once.
            if (error) return pause();
            serve(std::move(socket));
            accept();
        });
}

void ControlSocket::pause() {
    constexpr std::chrono::nanoseconds time = 100ms;
    pause_ = loop_.add_timer(
        static_cast<std::uint64_t>(time.count()),
        [](void* self) {
            auto& socket = *static_cast<ControlSocket*>(self);
            socket.pause_ = 0;
            socket.accept();
        },
        this, nullptr);
}

void ControlSocket::serve(stream_protocol::socket socket) {
    if (connections_->size() >= connections_max) {
        const auto refusal = to_wire(
            {false, fmt::format("{} commands are under way: try again\n", connections_max)});
        // A new socket has room for this.
        ::send(socket.native_handle(), refusal.data(), refusal.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        return;
    }
    connections_
        ->emplace_back(
            std::make_shared<Connection>(loop_, handler_, std::move(socket), connections_))
        ->read();
}

Result<ControlReply>
send_command(const std::string& path, const std::vector<std::string>& words) {
    const auto address = address_of(path);
    if (!address) return std::unexpected{address.error()};
    const int fd = connect_to(*address);
    if (fd < 0) return fail(path, "no dnsloom answers there");
    // A reload with large zones takes its time.
    limit_time(fd, SO_RCVTIMEO, 300s);
    const std::string line = join(words);
    // An error here is followed by one below, unless the server has refused and said why.
    ::send(fd, line.data(), line.size(), MSG_NOSIGNAL);
    std::string text;
    char room[4096];
    ssize_t count = 0;
    while ((count = ::recv(fd, room, sizeof room, 0)) > 0)
        text.append(room, static_cast<std::size_t>(count));
    const int error = errno;
    ::close(fd);
    errno = error;
    if (auto reply = from_wire(text)) return *reply;
    if (count < 0) return fail(path, "no answer");
    return std::unexpected{Error{
        path + (text.empty() ? ": the connection ended without an answer"
                             : ": the answer is not complete")}};
}

}  // namespace loom::host
