// SPDX-License-Identifier: Apache-2.0
#include "epochs.hpp"

#include <utility>

namespace loom::host {

void Epochs::leave(std::uint64_t number) {
    --epochs_[number - epochs_.front().number].waiting;
    while (epochs_.size() > 1 && epochs_.front().waiting == 0) {
        const auto done = std::move(epochs_.front().done);
        epochs_.erase(epochs_.begin());
        for (const auto& function : done) function();
    }
}

void Epochs::when_quiescent(std::function<void()> done) {
    if (epochs_.size() == 1 && epochs_.back().waiting == 0) {
        done();
        return;
    }
    epochs_.back().done.push_back(std::move(done));
    epochs_.push_back({epochs_.back().number + 1, 0, {}});
}

}  // namespace loom::host
