// SPDX-License-Identifier: Apache-2.0
// A plugin built without the SDK's flags: a static of a template becomes unique in the process, and
// keeps the object in it for ever.
#include <dnsloom/plugin.hpp>

namespace {

class Unique {
public:
    static constexpr loom::Info info{};

    Unique(const loom::Host&, const loom::Options&);
};

}  // namespace

template <class T>
struct Counter {
    static inline int value = 0;
};

Unique::Unique(const loom::Host&, const loom::Options&) { ++Counter<int>::value; }

LOOM_PLUGIN(Unique, "unique", "1.0.0");
