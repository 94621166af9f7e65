// SPDX-License-Identifier: Apache-2.0
// Service "loom.ask/1".
#include "query_access.hpp"
#include "services.hpp"

namespace loom::harness {
namespace {

/// A script's function may throw; what it throws belongs to the test and not into the plugin.
template <class Call>
loom_status guarded(Harness::Core& core, const Call& call) noexcept {
    try {
        return call();
    } catch (...) {
        core.note(std::current_exception());
        return LOOM_E_STATE;
    }
}

loom_status
ask(loom_query* parent,
    loom_bytes qname,
    std::uint16_t qtype,
    std::uint16_t qclass,
    std::int32_t from,
    loom_token token) noexcept {
    auto* flight = in_hook(parent, "ask()");
    if (!flight) return LOOM_E_STATE;
    auto& core = *QueryBlock::of(parent).core;
    return guarded(
        core, [&] { return core.conductor().ask(*flight, qname, qtype, qclass, from, token); });
}

loom_status background(
    const loom_host* host,
    loom_query* like,
    void (*done)(void*, loom_query*),
    void* argument) noexcept {
    auto* flight = in_hook(like, "background() of \"loom.ask/1\"");
    if (!flight) return LOOM_E_STATE;
    auto& core = Harness::Core::of(host);
    return guarded(core, [&] { return core.conductor().background(*flight, done, argument); });
}

}  // namespace

const loom_ask_1 ask_service = {.size = sizeof(loom_ask_1), .ask = ask, .background = background};

}  // namespace loom::harness
