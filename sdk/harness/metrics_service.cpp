// SPDX-License-Identifier: Apache-2.0
// Service "loom.metrics/1".
#include "core.hpp"
#include "services.hpp"

#include <dnsloom/options.hpp>

namespace loom::harness {
namespace {

loom_status define(
    const loom_host* host,
    std::int32_t kind,
    loom_str name,
    loom_str help,
    const loom_label* labels,
    std::uint32_t label_count,
    const double* bounds,
    std::uint32_t bound_count,
    std::uint32_t* id) noexcept {
    auto& core = Harness::Core::of(host);
    if (!core.in_create("define()")) return LOOM_E_THREAD;
    const auto fault = core.metrics.define(
        kind, view(name), view(help), {labels, label_count}, {bounds, bound_count}, *id);
    if (fault.empty()) return LOOM_OK;
    core.misuse(fault);
    return LOOM_E_ARGUMENT;
}

void check_id(Harness::Core& core, bool known, const char* function) {
    if (!known) core.misuse(std::string{function} + " was called with no metric of its kind");
}

void add(
    const loom_host* host, std::uint32_t where, std::uint32_t id, std::uint64_t amount) noexcept {
    auto& core = Harness::Core::of(host);
    if (core.on_thread("add() of a counter", where))
        check_id(core, core.metrics.add(id, amount), "add()");
}

void set(const loom_host* host, std::uint32_t id, double value) noexcept {
    auto& core = Harness::Core::of(host);
    const std::lock_guard lock{core.mutex};
    check_id(core, core.metrics.set(id, value), "set()");
}

void observe(const loom_host* host, std::uint32_t where, std::uint32_t id, double value) noexcept {
    auto& core = Harness::Core::of(host);
    if (core.on_thread("observe()", where))
        check_id(core, core.metrics.observe(id, value), "observe()");
}

loom_status render(const loom_host* host, const loom_sink* sink) noexcept {
    auto& core = Harness::Core::of(host);
    if (!core.on_control("render()")) return LOOM_E_THREAD;
    const auto text = core.metrics.render();
    return sink->write(sink->self, text.data(), text.size());
}

}  // namespace

const loom_metrics_1 metrics_service = {
    .size = sizeof(loom_metrics_1),
    .define = define,
    .add = add,
    .set = set,
    .observe = observe,
    .render = render,
};

}  // namespace loom::harness
