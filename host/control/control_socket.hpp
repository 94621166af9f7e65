// SPDX-License-Identifier: Apache-2.0
// `dnsloom ctl`: one command in, one reply out, over a unix socket.
//
// A command is one line, its words apart by tabs; tab, line feed and backslash within a word are
// `\t`, `\n` and `\\`. The reply is a line `ok SIZE` or `error SIZE`, and SIZE octets of text: what
// breaks off half way is told from what is complete.
#pragma once

#include "../config/error.hpp"

#include <boost/asio/local/stream_protocol.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
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

/// The server's side; control thread only. The socket is for its user and group. A connection ends
/// with its reply, or when the client takes longer than it may.
class ControlSocket {
public:
    static constexpr std::size_t connections_max = 32;
    /// In octets, as it is sent.
    static constexpr std::size_t command_size_max = 4096;
    /// For a whole command to come in, and for a whole reply to be taken.
    static constexpr std::chrono::seconds command_time_max{10};
    static constexpr std::chrono::seconds reply_time_max{30};

    /// A socket file that a dead process left is replaced; a live one's is an error.
    [[nodiscard]] static Result<std::unique_ptr<ControlSocket>>
    open(EventLoop& loop, const std::string& path, ControlHandler handler);
    ~ControlSocket();
    ControlSocket(const ControlSocket&) = delete;
    ControlSocket& operator=(const ControlSocket&) = delete;

private:
    class Connection;
    using Connections = std::vector<std::shared_ptr<Connection>>;

    ControlSocket(EventLoop& loop, std::string path, int fd, ControlHandler handler);
    void accept();
    void pause();
    void serve(boost::asio::local::stream_protocol::socket socket);

    EventLoop& loop_;
    std::string path_;
    boost::asio::local::stream_protocol::acceptor acceptor_;
    ControlHandler handler_;
    std::shared_ptr<Connections> connections_;  // Null for the handlers that outlive this object.
    std::uint64_t pause_ = 0;                   // A timer; 0: accepts.
};

/// The client's side: sends the words and waits for the reply.
[[nodiscard]] Result<ControlReply>
send_command(const std::string& path, const std::vector<std::string>& words);

}  // namespace loom::host
