// SPDX-License-Identifier: Apache-2.0
#include "suspensions.hpp"

namespace loom::harness {

loom_token Suspensions::add(Flight& flight, std::uint32_t worker, std::uint64_t due_ns) {
    const std::lock_guard lock{mutex_};
    last_ += 7;
    entries_.emplace(last_, Entry{&flight, worker, due_ns, false});
    return last_;
}

std::optional<std::uint32_t> Suspensions::resume(loom_token token) {
    const std::lock_guard lock{mutex_};
    const auto found = entries_.find(token);
    if (found == entries_.end() || found->second.resumed) return std::nullopt;
    found->second.resumed = true;
    return found->second.worker;
}

std::optional<Suspensions::Entry> Suspensions::take(loom_token token) {
    const std::lock_guard lock{mutex_};
    const auto node = entries_.extract(token);
    return node ? std::optional{node.mapped()} : std::nullopt;
}

std::optional<Suspensions::Entry> Suspensions::take_waiting(loom_token token) {
    const std::lock_guard lock{mutex_};
    const auto found = entries_.find(token);
    if (found == entries_.end() || found->second.resumed) return std::nullopt;
    return entries_.extract(found).mapped();
}

std::optional<Suspensions::Entry> Suspensions::find(loom_token token) const {
    const std::lock_guard lock{mutex_};
    const auto found = entries_.find(token);
    return found == entries_.end() ? std::nullopt : std::optional{found->second};
}

std::size_t Suspensions::size() const {
    const std::lock_guard lock{mutex_};
    return entries_.size();
}

std::vector<loom_token> Suspensions::tokens() const {
    const std::lock_guard lock{mutex_};
    std::vector<loom_token> tokens;
    for (const auto& [token, entry] : entries_) tokens.push_back(token);
    return tokens;
}

}  // namespace loom::harness
