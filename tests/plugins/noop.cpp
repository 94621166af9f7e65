// SPDX-License-Identifier: Apache-2.0
// Does nothing: what a stage costs.
#include <dnsloom/plugin.hpp>

namespace {

class Noop {
public:
    static constexpr loom::Info info{.summary = "Does nothing."};
    Noop(const loom::Host&, const loom::Options&) {}
    loom_verdict on_query(loom::Query&) { return LOOM_NEXT; }
};

}  // namespace

LOOM_PLUGIN(Noop, "noop", "1.0.0");
