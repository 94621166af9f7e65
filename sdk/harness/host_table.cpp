// SPDX-License-Identifier: Apache-2.0
// The calls of loom_host.
#include "query_access.hpp"

#include <dnsloom/dns/name.hpp>
#include <dnsloom/options.hpp>

#include <algorithm>
#include <bit>

namespace loom::harness {
namespace {

constexpr std::size_t align_max = 64;

void* alloc(loom_query* query, std::size_t size, std::size_t align) noexcept {
    auto* flight = in_hook(query, "alloc()");
    if (!flight) return nullptr;
    if (std::has_single_bit(align) && align <= align_max) return flight->allocate(size, align);
    QueryBlock::of(query).core->misuse("alloc() wants a power of two up to 64 as alignment");
    return nullptr;
}

void* scratch(loom_query* query) noexcept {
    const auto& block = QueryBlock::of(query);
    // on_cancel may look at it, too: it often holds what the token belongs to.
    const bool cancelled = block.flight && block.flight->course.in_hook == InHook::cancelled;
    auto* flight = cancelled ? block.flight : in_hook(query, "scratch()");
    return flight ? flight->scratch(block.core->plugin().scratch_size) : nullptr;
}

loom_token suspend(loom_query* query, std::uint64_t timeout_ns) noexcept {
    auto* flight = in_hook(query, "suspend()");
    return flight ? QueryBlock::of(query).core->conductor().suspend(*flight, timeout_ns) : 0;
}

loom_status
resume(const loom_host* host, loom_token token, std::int32_t reason, void* argument) noexcept {
    auto& core = Harness::Core::of(host);
    if (reason < 0) {
        core.misuse("resume() was called with a negative reason, which is the host's");
        return LOOM_E_ARGUMENT;
    }
    return core.conductor().resume(token, reason, argument);
}

const void* service(const loom_host* host, const char* id) noexcept {
    auto& core = Harness::Core::of(host);
    if (!core.in_create("service()")) return nullptr;
    if (std::ranges::count(core.setup().missing_services, std::string_view{id}) != 0)
        return nullptr;
    return find_service(id);
}

std::uint64_t hash_name(const loom_host* host, loom_bytes name) noexcept {
    const auto checked = dns::NameView::check(view(name));
    if (checked && checked->size() == name.size) return hash_of(view(name));
    Harness::Core::of(host).misuse("hash_name() was called with a malformed name");
    return 0;
}

}  // namespace

void fill_calls(loom_host& table) {
    table.alloc = alloc;
    table.scratch = scratch;
    table.suspend = suspend;
    table.resume = resume;
    table.service = service;
    table.hash_name = hash_name;
}

}  // namespace loom::harness
