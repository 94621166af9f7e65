// SPDX-License-Identifier: Apache-2.0
#include "publisher.hpp"

#include "../net/worker.hpp"

#include <algorithm>

namespace loom::host {

void Publisher::retire(const Instance* owner, void (*free_fn)(void*), void* arg) {
    const std::uint64_t number = ++last_;
    retired_.push_back(
        {owner, free_fn, arg, static_cast<std::uint32_t>(workers_.size()), number});
    for (const auto& worker : workers_) {
        worker->post([this, &worker = *worker, number] {
            worker.when_quiescent(
                [this, number] { control_.post([this, number] { passed(number); }); });
        });
    }
}

void Publisher::passed(std::uint64_t number) {
    const auto found = std::ranges::find(retired_, number, &Retired::number);
    if (found == retired_.end() || --found->workers_left != 0) return;
    const Retired entry = *found;
    retired_.erase(found);
    entry.free_fn(entry.arg);
}

void Publisher::finish_owner(const Instance* owner) {
    for (auto entry = retired_.begin(); entry != retired_.end();) {
        if (entry->owner != owner) {
            ++entry;
            continue;
        }
        const Retired gone = *entry;
        entry = retired_.erase(entry);
        gone.free_fn(gone.arg);
    }
}

}  // namespace loom::host
