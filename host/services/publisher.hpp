// SPDX-License-Identifier: Apache-2.0
// Frees what data sources have replaced, when no query can see it any more: "loom.publish/1".
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <vector>

namespace loom::host {

class EventLoop;
class Instance;
class Worker;

/// Control thread only.
class Publisher {
public:
    Publisher(EventLoop& control, std::vector<std::unique_ptr<Worker>>& workers)
        : control_{control}, workers_{workers} {}

    /// Calls free_fn(arg) when every query that began before now has ended on every worker.
    void retire(const Instance* owner, void (*free_fn)(void*), void* arg);
    /// No query of `owner` is left: frees what it still has here.
    void finish_owner(const Instance* owner);

private:
    struct Retired {
        const Instance* owner;
        void (*free_fn)(void*);
        void* arg;
        std::uint32_t workers_left;
        std::uint64_t number;
    };

    void passed(std::uint64_t number);

    EventLoop& control_;
    std::vector<std::unique_ptr<Worker>>& workers_;
    std::list<Retired> retired_;
    std::uint64_t last_ = 0;
};

}  // namespace loom::host
