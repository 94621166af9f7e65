// SPDX-License-Identifier: Apache-2.0
// Takes many datagrams off a socket with one system call.
#pragma once

#include "octets_pool.hpp"

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace loom::forward {

/// One a worker, for all its sockets in turn.
class ReceiveBatch {
public:
    static constexpr std::size_t datagrams_max = 64;

    explicit ReceiveBatch(OctetsPool& pool);
    ReceiveBatch(const ReceiveBatch&) = delete;
    ReceiveBatch& operator=(const ReceiveBatch&) = delete;

    /// How many came, or a negative errno. What came before is gone.
    int receive(int fd);

    std::span<const std::uint8_t> octets(std::size_t index) const {
        return {buffers_[index].data(), messages_[index].msg_len};
    }
    /// Whether the datagram was larger than the buffer.
    bool is_cut(std::size_t index) const {
        return (messages_[index].msg_hdr.msg_flags & MSG_TRUNC) != 0;
    }
    /// Takes a datagram out of the batch; it has the size of its buffer, not its own.
    Octets take(std::size_t index);

private:
    void aim(std::size_t index);

    OctetsPool& pool_;
    std::array<Octets, datagrams_max> buffers_;
    std::array<iovec, datagrams_max> vectors_{};
    std::array<mmsghdr, datagrams_max> messages_{};
};

}  // namespace loom::forward
