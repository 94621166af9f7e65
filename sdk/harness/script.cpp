// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/answer.hpp>

#include <utility>

namespace loom::harness {

Script& Script::push(Reply reply) {
    queue_.push_back(std::move(reply));
    return *this;
}

Script& Script::otherwise(std::function<std::optional<Reply>(const Asked&)> function) {
    otherwise_ = std::move(function);
    return *this;
}

std::optional<Reply> Script::take(const Asked& question) {
    asked_.push_back(question);
    if (queue_.empty()) return otherwise_ ? otherwise_(question) : std::nullopt;
    auto reply = std::move(queue_.front());
    queue_.pop_front();
    return reply;
}

}  // namespace loom::harness
