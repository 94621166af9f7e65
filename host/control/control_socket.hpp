// SPDX-License-Identifier: Apache-2.0
// `dnsloom ctl`: one command line in, one answer out, over a unix socket.
#pragma once

#include "../config/error.hpp"

#include <boost/asio/local/stream_protocol.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace loom::host {

class EventLoop;

/// What a command gave.
struct ControlReply {
    bool ok = true;
    std::string text;  ///< Lines.
};

using ControlAnswer = std::function<void(ControlReply)>;
/// Runs a command and calls back once, now or later.
using ControlHandler = std::function<void(std::vector<std::string> words, ControlAnswer answer)>;

/// The server's side; control thread only. The socket is for its user and group.
class ControlSocket {
public:
    /// A socket file that a dead process left is replaced; a live one's is an error.
    [[nodiscard]] static Result<std::unique_ptr<ControlSocket>>
    open(EventLoop& loop, const std::string& path, ControlHandler handler);
    ~ControlSocket();
    ControlSocket(const ControlSocket&) = delete;
    ControlSocket& operator=(const ControlSocket&) = delete;

private:
    struct Connection;

    ControlSocket(EventLoop& loop, std::string path, int fd, ControlHandler handler);
    void accept();

    EventLoop& loop_;
    std::string path_;
    boost::asio::local::stream_protocol::acceptor acceptor_;
    ControlHandler handler_;
    std::shared_ptr<unsigned> open_ = std::make_shared<unsigned>(0);
};

/// The client's side: sends the words and waits for the reply.
[[nodiscard]] Result<ControlReply>
send_command(const std::string& path, const std::vector<std::string>& words);

}  // namespace loom::host
