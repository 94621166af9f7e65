// SPDX-License-Identifier: Apache-2.0
// The cache's part about others: what the control thread tells it, and what it leaves its successor.
#include "cache.hpp"
#include "handover.hpp"

#include <algorithm>
#include <expected>
#include <span>
#include <utility>

namespace loom::cache {

constexpr uint64_t second_ns = 1'000'000'000;

void Cache::tell_worker(std::size_t slice) const {
    const auto hear = [](void* arg) {
        const auto& ear = *static_cast<const Ear*>(arg);
        ear.slice->hear(ear.host->monotonic_ns());
    };
    // The worker only reads the ear.
    auto* const ear = const_cast<Ear*>(&ears_[slice]);  // NOLINT(*-const-cast)
    host_.loop_service()->post(
        &host_.table(), static_cast<uint32_t>(slice % host_.workers()), hear, ear);
}

void Cache::on_event(void* self, const loom_event* event) noexcept {
    auto& cache = *static_cast<Cache*>(self);
    if (event->kind != LOOM_EVENT_ZONE_CHANGED && event->kind != LOOM_EVENT_NAME_CHANGED) return;
    const auto scope = event->kind == LOOM_EVENT_ZONE_CHANGED ? ChangeTable::Scope::subtree
                                                              : ChangeTable::Scope::name;
    const uint64_t hash = cache.host_.hash_name(view(event->name));
    for (std::size_t slice = 0; slice < cache.slices_.size(); ++slice) {
        cache.slices_[slice]->tell(scope, hash);
        cache.tell_worker(slice);
    }
}

loom_status Cache::export_state(int32_t phase, const loom_sink& sink) {
    // The regions are shared, so nothing is left to tell at the end.
    if (phase != LOOM_STATE_WARM) return LOOM_OK;
    std::vector<RegionAddress> regions;
    for (const auto& slice : slices_) regions.push_back(slice->region().address());
    const auto octets = encode_handover(regions);
    return sink.write(sink.self, octets.data(), octets.size());
}

namespace {

std::expected<std::vector<uint8_t>, loom_status> read_all(const loom_source& source) {
    std::vector<uint8_t> octets(handover_size_max + 1);
    std::size_t size = 0;
    while (size < octets.size()) {
        const int64_t got = source.read(source.self, octets.data() + size, octets.size() - size);
        if (got < 0) return std::unexpected{static_cast<loom_status>(got)};
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size > handover_size_max) return std::unexpected{LOOM_E_LIMIT};
    octets.resize(size);
    return octets;
}

}  // namespace

loom_status Cache::import_state(int32_t phase, uint32_t, const loom_source& source) {
    if (phase != LOOM_STATE_WARM) return LOOM_OK;
    const auto octets = read_all(source);
    if (!octets) return octets.error();
    const auto addresses = decode_handover(*octets);
    if (!addresses) return LOOM_E_ARGUMENT;
    // By worker, and then those of denials, which one of the two may not have.
    const std::size_t workers = host_.workers();
    if (addresses->size() != workers && addresses->size() != 2 * workers) return LOOM_E_UNSUPPORTED;

    std::vector<Region> regions;
    for (const RegionAddress& address : *addresses) {
        auto region = Region::attach(address);
        if (!region) return LOOM_E_ARGUMENT;
        regions.push_back(std::move(*region));
    }
    const Limits& limits = settings_.limits;
    const uint64_t until_ns =
        host_.monotonic_ns() +
        uint64_t{std::max(limits.max_ttl, limits.negative_max_ttl)} * second_ns;
    // Another instance that shares the pool was first.
    if (slices_.front()->has_memory()) return LOOM_OK;
    for (std::size_t i = 0; i < std::min(regions.size(), slices_.size()); ++i)
        slices_[i]->inherit(std::move(regions[i]), size_of(i), until_ns);
    return LOOM_OK;
}

}  // namespace loom::cache
