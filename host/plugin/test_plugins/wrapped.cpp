// SPDX-License-Identifier: Apache-2.0
// A proper plugin in C++, with options and hooks to show. Its shared_ptr brings in a static of the
// standard library that is unique in the process, and pins an object built without care.
#include <dnsloom/plugin.hpp>

#include <map>
#include <memory>
#include <string>

namespace {

constexpr loom::OptionSpec fields[] = {
    loom::OptionSpec{"weight", LOOM_OPTION_INTEGER, "How often."}.by_default("1").between(1, 100),
};

constexpr loom::OptionSpec options[] = {
    loom::OptionSpec{"greeting", LOOM_OPTION_STRING, "What to say."}.by_default("hello"),
    loom::OptionSpec{"ttl", LOOM_OPTION_DURATION, "How long it is true."}.by_default("60s").between(
        1'000'000'000, 3'600'000'000'000),
    loom::OptionSpec{"target", LOOM_OPTION_TABLE, "Where to."}.with(fields),
};

class Wrapped {
public:
    static constexpr loom::Info info{
        .summary = "Shows what a plugin can say about itself.",
        .roles = LOOM_ROLE_SOURCE | LOOM_ROLE_OBSERVER,
        .options = options,
        .option_count = 3,
        .state_version = 7,
    };

    Wrapped(const loom::Host&, const loom::Options&) {
        words_.emplace("one", std::make_shared<std::string>("x"));
    }

    loom_verdict on_query(loom::Query&) { return words_.empty() ? LOOM_DROP : LOOM_NEXT; }
    void start() { words_.emplace("two", nullptr); }

private:
    std::map<std::string, std::shared_ptr<std::string>> words_;
};

}  // namespace

LOOM_PLUGIN(Wrapped, "wrapped", "1.2.3");
