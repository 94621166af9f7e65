// SPDX-License-Identifier: Apache-2.0
// A listening TCP socket of one worker.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdint>

namespace loom::host {

class Worker;

/// Accepts connections for its worker, within the worker's limit: when it is reached, the
/// connection that has been silent longest makes room, and if all are busy the new one is closed.
class TcpListener {
public:
    /// Takes over `fd`, a listening socket.
    TcpListener(Worker& worker, std::uint32_t slot, int fd);
    ~TcpListener();
    TcpListener(const TcpListener&) = delete;
    TcpListener& operator=(const TcpListener&) = delete;

    std::uint32_t slot() const { return slot_; }

private:
    void wait();
    void on_readable();
    void accept(int fd);
    void pause();

    Worker& worker_;
    std::uint32_t slot_;
    boost::asio::posix::stream_descriptor socket_;
    std::uint64_t pause_ = 0;  // The timer that ends it; 0: none.
};

}  // namespace loom::host
