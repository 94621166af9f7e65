// SPDX-License-Identifier: Apache-2.0
#include "receive_batch.hpp"

#include <cerrno>
#include <utility>

namespace loom::forward {

ReceiveBatch::ReceiveBatch(OctetsPool& pool) : pool_{pool} {
    for (std::size_t i = 0; i < datagrams_max; ++i) {
        buffers_[i] = pool_.take();
        aim(i);
        messages_[i].msg_hdr.msg_iov = &vectors_[i];
        messages_[i].msg_hdr.msg_iovlen = 1;
    }
}

void ReceiveBatch::aim(std::size_t index) {
    vectors_[index] = {buffers_[index].data(), buffers_[index].size()};
}

int ReceiveBatch::receive(int fd) {
    const int count = ::recvmmsg(fd, messages_.data(), datagrams_max, MSG_DONTWAIT, nullptr);
    return count < 0 ? -errno : count;
}

Octets ReceiveBatch::take(std::size_t index) {
    auto taken = std::exchange(buffers_[index], pool_.take());
    aim(index);
    return taken;
}

}  // namespace loom::forward
