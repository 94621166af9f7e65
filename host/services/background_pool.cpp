// SPDX-License-Identifier: Apache-2.0
#include "background_pool.hpp"

#include <boost/asio/post.hpp>

#include <utility>

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace loom::host {

namespace {

// Answering goes first. Linux takes a thread's id here.
void lower_priority() {
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), 10);
}

}  // namespace

BackgroundPool::~BackgroundPool() {
    if (threads_) threads_->join();
}

void BackgroundPool::run(std::function<void()> work) {
    if (!threads_) threads_ = std::make_unique<boost::asio::thread_pool>(2);
    boost::asio::post(*threads_, [work = std::move(work)] {
        lower_priority();
        work();
    });
}

}  // namespace loom::host
