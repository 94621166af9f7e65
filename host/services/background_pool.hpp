// SPDX-License-Identifier: Apache-2.0
// Threads for work that takes long, such as reading a large zone.
#pragma once

#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <memory>

namespace loom::host {

/// Two threads, started on first use. Control thread only.
class BackgroundPool {
public:
    ~BackgroundPool();

    /// Runs `work` on one of the threads.
    void run(std::function<void()> work);

private:
    std::unique_ptr<boost::asio::thread_pool> threads_;
};

}  // namespace loom::host
