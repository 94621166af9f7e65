// SPDX-License-Identifier: Apache-2.0
// Service "loom.meta/1".
#include "query_access.hpp"
#include "services.hpp"

#include <dnsloom/options.hpp>

#include <algorithm>

namespace loom::harness {
namespace {

constexpr std::size_t values_max = 32;

loom_status key(const loom_host* host, loom_str name, std::uint32_t* number) noexcept {
    auto& core = Harness::Core::of(host);
    if (!core.in_create("key()")) return LOOM_E_THREAD;
    if (std::ranges::count(view(name), '/') == 0) {
        core.misuse("a key of \"loom.meta/1\" is PLUGIN/FACT, not " + std::string{view(name)});
        return LOOM_E_ARGUMENT;
    }
    *number = core.meta_key(view(name));
    return LOOM_OK;
}

bool known_key(const loom_query* query, std::uint32_t number) {
    auto& core = *QueryBlock::of(query).core;
    if (core.is_meta_key(number)) return true;
    core.misuse("a number that key() did not give was used as a key of \"loom.meta/1\"");
    return false;
}

loom_status set(loom_query* query, std::uint32_t number, loom_bytes value) noexcept {
    auto* flight = in_hook(query, "set() of \"loom.meta/1\"");
    if (!flight) return LOOM_E_STATE;
    if (!known_key(query, number)) return LOOM_E_ARGUMENT;
    if (flight->meta.size() >= values_max && !flight->meta.contains(number)) return LOOM_E_LIMIT;
    flight->meta[number] = value;
    return LOOM_OK;
}

loom_bytes get(const loom_query* query, std::uint32_t number) noexcept {
    const auto* flight = readable(query, "get() of \"loom.meta/1\"");
    if (!flight || !known_key(query, number)) return {};
    const auto found = flight->meta.find(number);
    return found == flight->meta.end() ? loom_bytes{} : found->second;
}

}  // namespace

const loom_meta_1 meta_service = {.size = sizeof(loom_meta_1), .key = key, .set = set, .get = get};

}  // namespace loom::harness
