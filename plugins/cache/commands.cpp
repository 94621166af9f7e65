// SPDX-License-Identifier: Apache-2.0
// The cache's part about `dnsloom ctl cache`.
#include "cache.hpp"
#include "entry_text.hpp"

#include <dnsloom/dns/name.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace loom::cache {

void Cache::post(uint32_t where, void (*function)(void*), Job& job) const {
    host_.loop_service()->post(&host_.table(), where, function, &job);
}

void Cache::end(Job& job, bool ok) {
    job.reply.finish(ok);
    jobs_.remove_if([&](const Job& one) { return &one == &job; });
}

// Replies when no worker serves any more what was there before.
void Cache::flush(std::span<const std::string_view> words, const CommandReply& reply) {
    if (words.size() != 1) throw std::runtime_error("usage: flush NAME|ZONE|all");
    const bool all = words[0] == "all";
    auto name = all ? dns::Name{} : dns::Name::from_text(words[0]);
    if (!name)
        throw std::runtime_error(
            '"' + std::string{words[0]} + "\" is no domain name: write a name, a zone or all");
    name->lower();
    const uint64_t hash = host_.hash_name(name->octets());

    Job& job = jobs_.emplace_back(*this, reply);
    job.workers_left = host_.workers();
    const auto hear = [](void* arg) {
        auto& one = *static_cast<Job*>(arg);
        if (--one.workers_left != 0) return;
        const auto finish = [](void* done) {
            auto& ended = *static_cast<Job*>(done);
            ended.cache.end(ended, true);
        };
        one.cache.post(LOOM_CONTROL, finish, one);
    };
    for (std::size_t slice = 0; slice < slices_.size(); ++slice) {
        if (all)
            slices_[slice]->tell_all();
        else
            slices_[slice]->tell(ChangeTable::Scope::subtree, hash);
        tell_worker(slice);
    }
    for (uint32_t worker = 0; worker < host_.workers(); ++worker) post(worker, hear, job);
}

void Cache::dump(std::span<const std::string_view> words, const CommandReply& reply) {
    if (!words.empty()) throw std::runtime_error("usage: dump");
    post(0, read_on, jobs_.emplace_back(*this, reply));
}

// On the worker: a few entries, so that queries do not wait for long.
void Cache::read_on(void* arg) noexcept {
    constexpr std::size_t pairs_max = 8;
    auto& job = *static_cast<Job*>(arg);
    const Cache& cache = job.cache;
    const Store store = cache.slices_[job.slice]->store();
    const std::size_t end = std::min(store.index_pairs(), job.pair + pairs_max);
    try {
        for (; job.pair < end; ++job.pair)
            store.visit(job.pair, [&](const Entry& entry) {
                append_text(entry, cache.host_.monotonic_ns(), job.text);
            });
    } catch (const std::exception& e) {
        cache.host_.report_exception("dump", e.what());
        job.pair = end;
    }
    job.is_read = job.pair >= store.index_pairs();
    cache.post(LOOM_CONTROL, tell_more, job);
}

void Cache::tell_more(void* arg) noexcept {
    auto& job = *static_cast<Job*>(arg);
    Cache& cache = job.cache;
    const bool fits = job.reply.write(job.text) == LOOM_OK;
    job.text.clear();
    if (!fits) return cache.end(job, false);
    if (job.is_read) {
        ++job.slice;
        job.pair = 0;
    }
    if (job.slice == cache.slices_.size()) return cache.end(job, true);
    cache.post(job.slice % cache.host_.workers(), read_on, job);
}

}  // namespace loom::cache
