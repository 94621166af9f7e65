// SPDX-License-Identifier: Apache-2.0
#include "control_socket.hpp"

#include "../net/event_loop.hpp"

#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace loom::host {

namespace asio = boost::asio;
using asio::local::stream_protocol;

namespace {

constexpr std::size_t command_size_max = 4096;
constexpr unsigned connections_max = 32;

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

int connect_to(const sockaddr_un& address) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
}

std::vector<std::string> split(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : line) {
        if (c != '\t') {
            word += c;
            continue;
        }
        words.push_back(std::exchange(word, {}));
    }
    words.push_back(word);
    return words;
}

}  // namespace

struct ControlSocket::Connection : std::enable_shared_from_this<Connection> {
    Connection(EventLoop& its_loop, ControlHandler its_handler, stream_protocol::socket its_socket,
               std::shared_ptr<unsigned> open)
        : loop{its_loop}, handler{std::move(its_handler)}, socket{std::move(its_socket)},
          count{std::move(open)} {
        ++*count;
    }
    ~Connection() { --*count; }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void read() {
        asio::async_read_until(
            socket, buffer, '\n',
            [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
                if (error) return;
                const auto* first = static_cast<const char*>(self->buffer.data().data());
                self->run({first, size - 1});
            });
    }
    void run(std::string_view line) {
        const EventLoop::Turn turn{loop};
        handler(split(line), [self = shared_from_this()](const ControlReply& reply) {
            self->output = (reply.ok ? "ok\n" : "error\n") + reply.text;
            asio::async_write(
                self->socket, asio::buffer(self->output),
                [self](const boost::system::error_code&, std::size_t) {});
        });
    }

    EventLoop& loop;
    ControlHandler handler;
    stream_protocol::socket socket;
    std::shared_ptr<unsigned> count;
    asio::streambuf buffer{command_size_max};
    std::string output;
};

Result<std::unique_ptr<ControlSocket>>
ControlSocket::open(EventLoop& loop, const std::string& path, ControlHandler handler) {
    const auto address = address_of(path);
    if (!address) return std::unexpected{address.error()};
    if (const int other = connect_to(*address); other >= 0) {
        ::close(other);
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
      handler_{std::move(handler)} {
    accept();
}

ControlSocket::~ControlSocket() { ::unlink(path_.c_str()); }

void ControlSocket::accept() {
    acceptor_.async_accept(
        [this](const boost::system::error_code& error, stream_protocol::socket socket) {
            if (error == asio::error::operation_aborted) return;
            if (!error && *open_ < connections_max)
                std::make_shared<Connection>(loop_, handler_, std::move(socket), open_)->read();
            accept();
        });
}

Result<ControlReply>
send_command(const std::string& path, const std::vector<std::string>& words) {
    const auto address = address_of(path);
    if (!address) return std::unexpected{address.error()};
    const int fd = connect_to(*address);
    if (fd < 0) return fail(path, "no dnsloom answers there");
    std::string line;
    for (const std::string& word : words) line += (line.empty() ? "" : "\t") + word;
    line += '\n';
    // A reload with large zones takes its time.
    const timeval limit{300, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    std::string text;
    char room[4096];
    ssize_t count = ::send(fd, line.data(), line.size(), MSG_NOSIGNAL);
    if (count == static_cast<ssize_t>(line.size()))
        while ((count = ::recv(fd, room, sizeof room, 0)) > 0)
            text.append(room, static_cast<std::size_t>(count));
    const int error = errno;
    ::close(fd);
    errno = error;
    if (count < 0) return fail(path, "no answer");
    if (text.starts_with("ok\n")) return ControlReply{true, text.substr(3)};
    if (text.starts_with("error\n")) return ControlReply{false, text.substr(6)};
    return std::unexpected{Error{path + ": the answer is not dnsloom's"}};
}

}  // namespace loom::host
