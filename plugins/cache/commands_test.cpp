// SPDX-License-Identifier: Apache-2.0
#include <dnsloom/harness/harness.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace std::chrono_literals;
using namespace loom::harness;

namespace {

/// A cache of two workers with answers for a few names.
struct Filled : Harness {
    Filled() : Harness{loom_module_0, {}, {.workers = 2}} {
        behind.otherwise([](const Asked& question) {
            return Reply{.answer = {question.name + " 300 IN A 192.0.2.1"}};
        });
        for (const auto* name :
             {"example.org.", "www.example.org.", "a.www.example.org.", "other.test."})
            for (const std::uint32_t worker : {0U, 1U}) ask(question(name, worker));
    }
    static Question question(const std::string& name, std::uint32_t worker) {
        return Question{name + " A"}.worker(worker);
    }
    bool has(const std::string& name) {
        const bool first = ask(question(name, 0)).source == Source::plugin;
        const bool second = ask(question(name, 1)).source == Source::plugin;
        CHECK(first == second);
        return first;
    }
};

}  // namespace

TEST_CASE("plugin/cache: ctl flush: drops a name with all below it, on every worker") {
    Filled cache;

    const auto result = cache.command("flush", {"WWW.example.org"});

    CHECK(result.ok);
    CHECK(cache.has("example.org."));
    CHECK_FALSE(cache.has("www.example.org."));
    CHECK_FALSE(cache.has("a.www.example.org."));
    CHECK(cache.has("other.test."));
}

TEST_CASE("plugin/cache: ctl flush all: drops everything") {
    Filled cache;

    CHECK(cache.command("flush", {"all"}).ok);

    CHECK_FALSE(cache.has("example.org."));
    CHECK_FALSE(cache.has("other.test."));
}

TEST_CASE("plugin/cache: ctl flush: what is no name is refused, and nothing dropped") {
    Filled cache;

    CHECK_FALSE(cache.command("flush").ok);
    CHECK_FALSE(cache.command("flush", {"a", "b"}).ok);
    const auto result = cache.command("flush", {"a..b"});
    CHECK_FALSE(result.ok);
    CHECK(result.text.find("a..b") != std::string::npos);
    CHECK(cache.has("example.org."));
}

TEST_CASE("plugin/cache: ctl dump: shows questions, records and what is left of their TTLs") {
    Filled cache;
    cache.advance(10s);

    const auto result = cache.command("dump");

    CHECK(result.ok);
    CHECK(
        result.text.find("; www.example.org. A NOERROR age 10 ttl 290\n"
                         "www.example.org. 290 IN A 192.0.2.1\n") != std::string::npos);
    std::size_t lines = 0;
    for (const char c : result.text) lines += c == '\n' ? 1 : 0;
    CHECK(lines == 2 * 2 * 4);
    CHECK_FALSE(cache.command("dump", {"x"}).ok);
}
